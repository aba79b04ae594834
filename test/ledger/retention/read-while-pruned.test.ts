import { spawnSync } from 'node:child_process'
import { describe, expect } from 'vitest'
import { exportedLines, positionOfEntry } from '../../../src/ledger/query/export.ts'
import { readStore } from '../../../src/ledger/query/read-store.ts'
import { verifyParts } from '../../../src/ledger/verify/verify-parts.ts'
import type { LedgerWriter } from '../../../src/ledger/writer/writer.ts'
import { openReadOnlyStore } from '../../../src/store/sqlite/read-only-store.ts'
import { program } from '../../support/cli/command-line.ts'
import { test } from '../../support/fixtures/ledger-test.ts'
import { callsOn, day, type PrunedStore } from '../../support/fixtures/pruned-store.ts'

let ledger: PrunedStore
let writer: LedgerWriter
test.beforeEach(({ ledger: made }) => {
  ledger = made
  writer = ledger.open(1)
  callsOn(writer, 2, 30)
})

describe('entries that are pruned before they are read are not skipped in silence:', () => {
  test.each([
    ['by an export', () => exportedLines(ledger.store.raw)],
    ['by a verification', () => readStore(ledger.store.raw)]
  ])('%s', async (_what, read) => {
    const parts = read()
    parts.next()
    await ledger.prune(20, 'a1')
    expect(() => [...parts]).toThrow('the ledger was pruned while it was read: try again')
  })

  test('by an export that goes on behind one of them', async () => {
    const { head } = writer
    const { writer: id } = head
    await ledger.prune(10, 'a1')
    expect(positionOfEntry(ledger.store.raw, id, 17)).toBeNull()
    const after = positionOfEntry(ledger.store.raw, id, 18) ?? 0
    const rest = exportedLines(ledger.store.raw, after)
    await ledger.prune(20, 'a2', { now: day(61) })
    expect(() => [...rest]).toThrow('the ledger was pruned while it was read')
  })
})

test('what was read before it was pruned is read to the end', async () => {
  const parts = exportedLines(ledger.store.raw)
  let lines = 0
  for (let read = 0; read < 40; read++) lines += parts.next().value?.split('\n').length - 1
  await ledger.prune(10, 'a1')
  for (const text of parts) lines += text.split('\n').length - 1
  expect(lines).toBe(59)
})

describe('a verification during a prune starts over, and is right:', () => {
  /** Another process prunes while this one verifies, which holds its thread meanwhile. */
  function pruneElsewhere(archive: string): void {
    const words = ['ledger', 'prune', '--before', '0s', '--archive', ledger.path(archive)]
    const env = { ...process.env, GATEWAY_STORE_URL: `sqlite:${ledger.path('gateway.db')}` }
    const { status, stderr } = spawnSync('node', [program, ...words], { cwd: ledger.folder, env })
    if (status !== 0) throw new Error(String(stderr))
  }

  test('the store', async () => {
    const { raw } = openReadOnlyStore(`sqlite:${ledger.path('gateway.db')}`)
    let prunes = 0
    const found = await verifyParts([], {}, raw, () => {
      if (prunes === 0) pruneElsewhere(`a${++prunes}`)
    })
    raw.close()
    expect(found).toMatchObject({ faults: [], entries: 2 })
  })

  test('archives and the store, which then lack an archive', async () => {
    await ledger.prune(10, 'a1')
    const { raw } = openReadOnlyStore(`sqlite:${ledger.path('gateway.db')}`)
    let prunes = 1
    const verified = verifyParts([ledger.path('a1')], {}, raw, () => {
      if (prunes === 1) pruneElsewhere(`a${++prunes}`)
    })
    await expect(verified).rejects.toThrow(/between .*a1 and the store the entries from position 18 on/)
    raw.close()
    expect((await ledger.verifyFiles('a1', 'a2', ledger.exportTo('rest'))).faults).toEqual([])
  })
})
