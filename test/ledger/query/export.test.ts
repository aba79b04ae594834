import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect } from 'vitest'
import type { EntryFields } from '../../../src/ledger/entry/entry.ts'
import { exportedLines, positionOfEntry } from '../../../src/ledger/query/export.ts'
import { readStore } from '../../../src/ledger/query/read-store.ts'
import { exportedEntries } from '../../../src/ledger/verify/exported-entries.ts'
import { verifyLedger } from '../../../src/ledger/verify/verify.ts'
import { test } from '../../support/fixtures/ledger-test.ts'
import {
  callEntry,
  first,
  RowsBuilder,
  sampleLedger,
  second,
  storeWith
} from '../../support/fixtures/sample-ledger.ts'
import { propertySeed } from '../../support/scenario/seed.ts'

const seed = propertySeed()

test('an export has each entry once, in the order of the commits, with its members in the documented order', async ({
  storeWith
}) => {
  const { store } = await storeWith(sampleLedger().rows)
  const lines = [...exportedLines(store.raw)].join('').trimEnd().split('\n')
  const entries = lines.map(line => JSON.parse(line) as Record<string, unknown>)
  expect(entries.map(({ writer, seq }) => `${writer === first ? 'a' : 'b'}${seq}`).join(' ')).toBe(
    'a1 a2 a3 b1 b2 a4 a5 b3 b4 a6 a7 b5 b6 b7'
  )
  expect(Object.keys(entries[2] ?? {}).join(' ')).toBe(
    'writer seq at kind request_id tenant key_id connector_id operation attempt client_ip request credential status code upstream_status duration_ms prev hash'
  )
})

test('an export that goes on after an entry is the rest, so that the parts together verify', async ({
  storeWith
}) => {
  const { store, folder } = await storeWith(sampleLedger().rows)
  const whole = [...exportedLines(store.raw)].join('')
  const row = positionOfEntry(store.raw, second, 3) ?? 0
  const rest = [...exportedLines(store.raw, row)].join('')
  expect(rest.split('\n')).toHaveLength(7)
  expect(whole.endsWith(rest)).toBe(true)
  expect(positionOfEntry(store.raw, second, 99)).toBeNull()
  const file = join(folder, 'parts.ndjson')
  writeFileSync(file, whole.slice(0, whole.length - rest.length) + rest)
  expect((await verifyLedger(exportedEntries(file))).faults).toEqual([])
})

test('batches end nowhere in particular: 2,500 entries come out as 2,500 lines and verify', async ({
  storeWith
}) => {
  const rows = new RowsBuilder().open(first)
  for (let call = 1; call < 1250; call++) rows.call(first, call)
  rows.add(first, callEntry('call.intent', 5000))
  const { store, folder } = await storeWith(rows.rows)
  const file = join(folder, 'export.ndjson')
  writeFileSync(file, [...exportedLines(store.raw)].join(''))
  const found = await verifyLedger(exportedEntries(file), { heads: rows.heads })
  expect(found).toMatchObject({ entries: 2500, faults: [], openCalls: 1 })
})

test(`any entry that can be chained verifies in the store and in its export (seed ${seed})`, async () => {
  const value = fc.jsonValue({ maxDepth: 3, stringUnit: 'grapheme' })
  const name = fc.stringMatching(/^[a-z][a-z_]{0,10}$/)
  await fc.assert(
    fc.asyncProperty(fc.array(fc.dictionary(name, value), { minLength: 1, maxLength: 5 }), async extras => {
      const rows = new RowsBuilder().open(first)
      extras.forEach((extra, call) => {
        rows.add(first, { ...extra, ...callEntry('call.intent', call) } as EntryFields)
      })
      const { store, folder, close } = await storeWith(rows.rows)
      const file = join(folder, 'export.ndjson')
      writeFileSync(file, [...exportedLines(store.raw)].join(''))
      const ofFile = await verifyLedger(exportedEntries(file), { heads: rows.heads })
      const ofStore = await verifyLedger(readStore(store.raw), { heads: rows.heads })
      close()
      expect(ofFile.faults).toEqual([])
      expect(ofStore).toEqual(ofFile)
    }),
    { seed, numRuns: 20 }
  )
})
