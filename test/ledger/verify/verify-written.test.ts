import fc from 'fast-check'
import { expect } from 'vitest'
import { canonicalJson } from '../../../src/ledger/entry/canonical-json.ts'
import { parseExported, parseStored } from '../../../src/ledger/entry/parse-entry.ts'
import { pendingEntry } from '../../../src/ledger/entry/pending-entry.ts'
import { readChainHeads, readWriters } from '../../../src/ledger/query/chain-heads.ts'
import { exportedLines } from '../../../src/ledger/query/export.ts'
import { readStore } from '../../../src/ledger/query/read-store.ts'
import { type Expectations, type Verification, verifyLedger } from '../../../src/ledger/verify/verify.ts'
import { changeWithEntries } from '../../../src/ledger/writer/admin-entries.ts'
import { recoverDeadWriters } from '../../../src/ledger/writer/crash-recovery.ts'
import { LedgerWriter } from '../../../src/ledger/writer/writer.ts'
import type { Store } from '../../../src/store/store.ts'
import { checkChains } from '../../support/checker/chain.ts'
import {
  callEntry,
  first,
  forged,
  members,
  type Row,
  RowsBuilder,
  sampleLedger,
  second
} from '../../support/fixtures/sample-ledger.ts'
import { test } from '../../support/fixtures/test.ts'
import { propertySeed } from '../../support/scenario/seed.ts'

const seed = propertySeed()
const gateway = { role: 'gateway', version: '1.0.0', pid: 1 } as const

async function administerOnce(store: Store, tenant: string): Promise<void> {
  const administrator = { actor: 'cli:test', role: 'cli', version: '1.0.0', pid: 2 } as const
  await changeWithEntries(store, administrator, new Date(), async () => ({
    result: null,
    changes: [{ kind: 'admin.tenant.create', tenant, after: {} }]
  }))
}

test('what the gateway, the command line and a recovery really write verifies, and the checker agrees', async ({
  store
}) => {
  await administerOnce(store, 'acme')
  const one = LedgerWriter.open(store, gateway, new Date())
  const other = LedgerWriter.open(store, gateway, new Date())
  one.append([callEntry('call.intent', 1), callEntry('call.intent', 2)].map(pendingEntry), Date.now())
  other.append([callEntry('call.intent', 3)].map(pendingEntry), Date.now())
  one.append([callEntry('call.outcome', 2)].map(pendingEntry), Date.now() + 5000)
  await administerOnce(store, 'globex')
  other.append([callEntry('call.outcome', 3)].map(pendingEntry), Date.now() + 5000)
  other.close(new Date())
  const known = { ...readWriters(store.raw), heads: readChainHeads(store.raw) }
  expect(await verifyLedger(readStore(store.raw), known)).toMatchObject({
    writers: 4,
    openCalls: 1,
    faults: []
  })

  one.close(new Date())
  store.raw.prepare('UPDATE writer SET closed_at = NULL WHERE id = ?').run(one.head.writer)
  const next = LedgerWriter.open(store, gateway, new Date())
  expect(recoverDeadWriters(store, next, new Date())).toEqual([{ writer: one.head.writer, openCalls: 1 }])
  const found = await verifyLedger(readStore(store.raw), {
    ...readWriters(store.raw),
    heads: known.heads
  })
  expect(found).toMatchObject({ writers: 5, openCalls: 0, faults: [] })
  expect(found.heads).toEqual(readChainHeads(store.raw))
  const lines = [...exportedLines(store.raw)].join('').trimEnd().split('\n')
  expect(checkChains(lines, found.heads)).toEqual([])
  next.close(new Date())
})

/** What a forger may do to the row at `index`. */
const tamperings: readonly ((rows: readonly Row[], index: number, other: number) => Row[])[] = [
  (rows, index) => rows.toSpliced(index, 1),
  (rows, index) => rows.slice(0, index),
  (rows, index) => rows.with(index, forged(rows[index], { tenant: 'forged' })),
  (rows, index) =>
    rows.with(index, { ...at(rows, index), entry: canonicalJson({ ...members(rows[index]), at: 'x' }) }),
  (rows, index) => rows.with(index, { ...at(rows, index), hash: 'ab'.repeat(32) }),
  (rows, index, other) => rows.with(index, at(rows, other)),
  (rows, index, other) => rows.with(index, { ...at(rows, index), entry: at(rows, other).entry }),
  (rows, index, other) => rows.toSpliced(other, 0, at(rows, index)),
  (rows, index, other) => rows.toSpliced(other, 0, forged(rows[index], { code: 'forged' })),
  (rows, index) => rows.with(index, forged(rows[index], { writer: 'nobody' })),
  (rows, index) => rows.filter(row => members(row)['writer'] !== members(rows[index])['writer'])
]

function at(rows: readonly Row[], index: number): Row {
  return rows[index] ?? { entry: '', hash: '' }
}

async function verifyBoth(rows: readonly Row[], known: Expectations): Promise<Verification> {
  const stored = await verifyLedger(
    [rows.map((row, index) => parseStored(`${index}`, row.entry, row.hash))],
    known
  )
  const lines = rows.map(({ entry, hash }) => JSON.stringify({ ...(JSON.parse(entry) as object), hash }))
  const exported = await verifyLedger([lines.map((line, index) => parseExported(`${index}`, line))], known)
  expect(exported).toEqual(stored)
  return stored
}

/** Writers that take turns at random, with a call open here and there. */
function randomLedger(turns: readonly boolean[]): RowsBuilder {
  const rows = new RowsBuilder().open(first).open(second)
  turns.forEach((turn, call) => {
    const writer = turn ? first : second
    rows.add(writer, callEntry('call.intent', call))
    if (call % 5 !== 0) rows.add(writer, callEntry('call.outcome', call))
  })
  return rows
}

test(`any one change to any ledger is found, given its heads (seed ${seed})`, async () => {
  const place = fc.nat({ max: 10_000 })
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.boolean(), { maxLength: 30 }),
      fc.constantFrom(...tamperings),
      place,
      place,
      async (turns, tamper, index, other) => {
        const { rows, heads } = randomLedger(turns)
        const changed = tamper(rows, index % rows.length, other % rows.length)
        expect((await verifyBoth(rows, { heads })).faults).toEqual([])
        const isSame = JSON.stringify(changed) === JSON.stringify(rows)
        expect((await verifyBoth(changed, { heads })).faults.length > 0).toBe(!isSame)
      }
    ),
    { seed, numRuns: 500 }
  )
})

test('heads of another ledger are not those of this one', async () => {
  const { rows } = sampleLedger()
  const heads = [{ writer: 'stranger', seq: 3, hash: 'ab'.repeat(32) }]
  expect((await verifyBoth(rows, { heads })).faults).toMatchObject([
    { kind: 'missing', writer: 'stranger', seq: 1 }
  ])
})
