import { join } from 'node:path'
import { afterEach, expect } from 'vitest'
import { pendingEntry } from '../../../src/ledger/entry/pending-entry.ts'
import { readStore } from '../../../src/ledger/query/read-store.ts'
import { verifyLedger } from '../../../src/ledger/verify/verify.ts'
import { LedgerWriter } from '../../../src/ledger/writer/writer.ts'
import { openStoreFile, type StoreFile } from '../../../src/store/sqlite/store-file.ts'
import { callEntry, requestId } from '../../support/fixtures/sample-ledger.ts'
import { test } from '../../support/fixtures/test.ts'

const at = new Date('2026-11-24T07:00:00.000Z')
const facts = { role: 'gateway', version: '0.0.0', pid: 1 } as const
const pending = (...entries: Parameters<typeof callEntry>[]) =>
  entries.map(entry => pendingEntry(callEntry(...entry)))

let store: StoreFile
/** What the next commit does instead of committing. */
let instead: (() => void) | null
test.beforeEach(async ({ folder }) => {
  instead = null
  const opened = await openStoreFile(`sqlite:${join(folder, 'gateway.db')}`)
  const requireInPlace = () => {
    const happens = instead
    instead = null
    happens?.()
    opened.requireInPlace()
  }
  store = { ...opened, requireInPlace }
})
afterEach(() => {
  if (store.raw.isOpen) store.raw.close()
})

function failing(): void {
  throw new Error('the sync failed')
}

/** The transaction reaches the disk, and the process gets an error all the same. */
function committingAndFailing(): void {
  store.raw.exec('COMMIT')
  failing()
}

function reopen(writer: LedgerWriter): void {
  store = store.reopen()
  writer.resume(store)
}

async function expectWhole(openCalls = 0): Promise<void> {
  expect(await verifyLedger(readStore(store.raw))).toMatchObject({ faults: [], openCalls })
}

const codesOf = (call: number) =>
  store.raw
    .prepare('SELECT kind, code FROM ledger WHERE request_id = ? ORDER BY id')
    .all(requestId(call))
    .map(row => row['code'] ?? row['kind'])

test('after a failed sync the chain goes on where it stood, with another handle', async () => {
  const writer = LedgerWriter.open(store, facts, at)
  writer.append(pending(['call.intent', 1]), 0)
  instead = failing
  expect(() => writer.append(pending(['call.intent', 2], ['call.outcome', 1]), 0)).toThrow('the sync failed')
  reopen(writer)
  expect(codesOf(2)).toEqual([])
  writer.append(pending(['call.outcome', 1], ['call.intent', 3], ['call.outcome', 3]), 0)
  writer.close(at)
  await expectWhole()
})

test('entries that turn out to be stored are taken over: what was refused is closed, what comes again is not stored twice', async () => {
  const writer = LedgerWriter.open(store, facts, at)
  writer.append(pending(['call.intent', 1]), 0)
  const [intent, outcome] = pending(['call.intent', 2], ['call.outcome', 1])
  instead = committingAndFailing
  expect(() =>
    writer.append(
      [intent, outcome].filter(entry => entry !== undefined),
      0
    )
  ).toThrow('the sync failed')
  reopen(writer)
  expect(codesOf(2)).toEqual(['call.intent', 'ledger_unavailable'])
  expect(
    writer.append(
      [outcome, ...pending(['call.intent', 3])].filter(entry => entry !== undefined),
      0
    )
  ).toEqual([])
  expect(codesOf(1)).toEqual(['call.intent', 'accepted'])
  writer.append(pending(['call.outcome', 3]), 0)
  writer.close(at)
  await expectWhole()
})

test.each([
  { closing: 'fails', how: failing },
  { closing: 'is stored, and seems to fail', how: committingAndFailing }
])('calls that were refused are closed once when the first try to close them $closing', async ({ how }) => {
  const writer = LedgerWriter.open(store, facts, at)
  instead = committingAndFailing
  expect(() => writer.append(pending(['call.intent', 1]), 0)).toThrow('the sync failed')
  store = store.reopen()
  expect(() => writer.resume({ ...store, requireInPlace: how })).toThrow('the sync failed')
  reopen(writer)
  expect(codesOf(1)).toEqual(['call.intent', 'ledger_unavailable'])
  writer.close(at)
  await expectWhole()
})

test.each([
  { end: 'fails', how: failing },
  { end: 'is stored, and seems to fail', how: committingAndFailing }
])('a chain ends once when the first try to end it $end', async ({ how }) => {
  const writer = LedgerWriter.open(store, facts, at)
  instead = how
  expect(() => writer.close(at)).toThrow('the sync failed')
  reopen(writer)
  writer.close(at)
  await expectWhole()
  expect(store.raw.prepare(`SELECT count(*) AS n FROM ledger WHERE kind = 'writer.closed'`).get()).toEqual({
    n: 1
  })
})

test('a chain that replaces a pruned one can fail to begin', async () => {
  const writer = LedgerWriter.open(store, facts, at)
  const pruned = writer.head.writer
  store.raw.prepare('DELETE FROM writer WHERE id = ?').run(pruned)
  instead = failing
  expect(() => writer.append(pending(['call.intent', 1]), 0)).toThrow('the sync failed')
  expect(writer.head.writer).not.toBe(pruned)
  reopen(writer)
  writer.append(pending(['call.intent', 1]), 0)
  expect(codesOf(1)).toEqual(['call.intent'])
})

test('a store that lacks what the writer has written is refused', () => {
  const writer = LedgerWriter.open(store, facts, at)
  writer.append(pending(['call.intent', 1]), 0)
  store.raw.exec('DROP TRIGGER ledger_is_append_only_delete; DELETE FROM ledger_batch WHERE id > 1')
  expect(() => reopen(writer)).toThrow(/removed or replaced/)
})

test('a writer that was taken for dead goes on, and knows that its calls were closed', async () => {
  const writer = LedgerWriter.open(store, facts, at)
  writer.append(pending(['call.intent', 1]), 0)
  const other = LedgerWriter.open(store, facts, at)
  other.transact(() => {
    store.raw
      .prepare('UPDATE writer SET closed_at = ? WHERE id = ?')
      .run(at.toISOString(), writer.head.writer)
    other.insert(callEntry('call.outcome', 1, { code: 'outcome_unknown' }))
  })
  const late = writer.append(pending(['call.outcome', 1], ['call.intent', 2]), 0)
  expect(late).toEqual([`${requestId(1)} 1`])
  expect(codesOf(1)).toEqual(['call.intent', 'outcome_unknown'])
  const row = store.raw
    .prepare('SELECT closed_at, open_from FROM writer WHERE id = ?')
    .get(writer.head.writer)
  expect(row).toMatchObject({ closed_at: null, open_from: 3 })
  writer.append(pending(['call.outcome', 2]), 0)
  for (const one of [writer, other]) one.close(at)
  await expectWhole()
})
