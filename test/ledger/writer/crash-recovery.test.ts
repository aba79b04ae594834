import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { pendingEntry } from '../../../src/ledger/entry/pending-entry.ts'
import { readStore } from '../../../src/ledger/query/read-store.ts'
import { verifyLedger } from '../../../src/ledger/verify/verify.ts'
import { recoverDeadWriters } from '../../../src/ledger/writer/crash-recovery.ts'
import { LedgerWriter } from '../../../src/ledger/writer/writer.ts'
import { writerLockPath } from '../../../src/ledger/writer/writer-lock.ts'
import { openStore, type Store } from '../../../src/store/store.ts'
import { callEntry, requestId } from '../../support/fixtures/sample-ledger.ts'
import { test } from '../../support/fixtures/test.ts'

const facts = { role: 'gateway', version: '0.0.0', pid: 1 } as const
const at = new Date('2026-11-24T07:00:00.000Z')

let store: Store
let url: string
test.beforeEach(({ store: opened }) => {
  store = opened
  url = `sqlite:${store.path}`
})

/** Runs a writer in a process of its own that stores these calls and is then killed. Returns the writer's id. */
async function writerThatDies(calls: {
  closed: readonly number[]
  open: readonly number[]
}): Promise<string> {
  const child = fork(join(import.meta.dirname, 'dying-writer.ts'), [url, JSON.stringify(calls)], {
    execPath: process.execPath,
    execArgv: []
  })
  const [writer] = (await once(child, 'message')) as [string]
  child.kill('SIGKILL')
  await once(child, 'exit')
  return writer
}

function entries(): Record<string, unknown>[] {
  const rows = store.raw.prepare('SELECT entry FROM ledger ORDER BY id').all()
  return rows.map(row => JSON.parse(String(row['entry'])) as Record<string, unknown>)
}

const unknownOutcomes = () =>
  entries()
    .filter(({ code }) => code === 'outcome_unknown')
    .map(({ request_id }) => request_id)

async function expectWhole(): Promise<void> {
  const { faults, openCalls } = await verifyLedger(readStore(store.raw))
  expect({ faults, openCalls }).toEqual({ faults: [], openCalls: 0 })
}

describe('recovery', () => {
  test('closes exactly the calls that a killed process left open, in the chain of the one that recovers', async () => {
    const dead = await writerThatDies({ closed: [1, 2], open: [3, 4] })
    const writer = LedgerWriter.open(store, facts, at)
    expect(recoverDeadWriters(store, writer, at)).toEqual([{ writer: dead, openCalls: 2 }])

    expect(unknownOutcomes()).toEqual([requestId(3), requestId(4)])
    const recovered = entries().filter(entry => entry['writer'] === writer.head.writer)
    expect(recovered).toMatchObject([
      { kind: 'writer.opened' },
      { kind: 'writer.recovered', recovered: dead, open_calls: 2, head: { seq: 7 } },
      { kind: 'call.outcome', code: 'outcome_unknown', attempt: 1, tenant: expect.any(String) },
      { kind: 'call.outcome', code: 'outcome_unknown' }
    ])
    await expectWhole()
    writer.close(at)
  })

  test('done twice, by one process or by two, changes nothing more', async () => {
    await writerThatDies({ closed: [], open: [1] })
    const writer = LedgerWriter.open(store, facts, at)
    expect(recoverDeadWriters(store, writer, at)).toHaveLength(1)
    const before = entries()
    expect(recoverDeadWriters(store, writer, at)).toEqual([])
    const other = await openStore(url)
    const otherWriter = LedgerWriter.open(other, facts, at)
    expect(recoverDeadWriters(other, otherWriter, at)).toEqual([])
    expect(entries().slice(0, -1)).toEqual(before)
    expect(unknownOutcomes()).toEqual([requestId(1)])
    otherWriter.close(at)
    other.close()
    writer.close(at)
  })

  test('leaves the open calls of a living writer alone', async () => {
    const living = LedgerWriter.open(store, facts, at)
    living.append([callEntry('call.intent', 1)].map(pendingEntry), 0)
    const other = await openStore(url)
    const writer = LedgerWriter.open(other, facts, at)
    expect(recoverDeadWriters(other, writer, at)).toEqual([])
    living.append([callEntry('call.outcome', 1)].map(pendingEntry), 0)
    writer.close(at)
    other.close()
    living.close(at)
    expect(unknownOutcomes()).toEqual([])
    await expectWhole()
  })

  test('finds calls that stay open for long behind many that are closed', async () => {
    const dead = await writerThatDies({
      closed: Array.from({ length: 300 }, (_, call) => call + 10),
      open: [1, 2]
    })
    const writer = LedgerWriter.open(store, facts, at)
    expect(recoverDeadWriters(store, writer, at)).toEqual([{ writer: dead, openCalls: 2 }])
    await expectWhole()
    writer.close(at)
  })

  test('of a writer that died before its first call records no open call', async () => {
    const dead = await writerThatDies({ closed: [], open: [] })
    const writer = LedgerWriter.open(store, facts, at)
    expect(recoverDeadWriters(store, writer, at)).toEqual([{ writer: dead, openCalls: 0 }])
    await expectWhole()
    writer.close(at)
  })

  test('removes the lock of the dead writer', async () => {
    const dead = await writerThatDies({ closed: [], open: [] })
    const lock = writerLockPath(store.path, dead)
    expect(existsSync(lock)).toBe(true)
    const writer = LedgerWriter.open(store, facts, at)
    recoverDeadWriters(store, writer, at)
    expect(existsSync(lock)).toBe(false)
    writer.close(at)
  })
})

describe('a writer', () => {
  test('never continues the chain of another: two at once keep one each, anchored to each other', async () => {
    const other = await openStore(url)
    const [one, two] = [LedgerWriter.open(store, facts, at), LedgerWriter.open(other, facts, at)]
    for (let call = 1; call <= 20; call++) {
      const writer = call % 3 === 0 ? one : two
      writer.append([callEntry('call.intent', call)].map(pendingEntry), call * 400)
      writer.append([callEntry('call.outcome', call)].map(pendingEntry), call * 400 + 200)
    }
    one.close(at)
    two.close(at)
    other.close()
    const opened = entries().filter(({ kind }) => kind === 'writer.opened')
    expect(opened).toMatchObject([{ seq: 1 }, { seq: 1, after: { writer: one.head.writer, seq: 1 } }])
    expect(entries().filter(({ writer }) => writer === one.head.writer).length).toBe(one.head.seq)
    await expectWhole()
  })

  test('an outcome that comes after another process has closed the call is left out, and the chain goes on', async () => {
    const writer = LedgerWriter.open(store, facts, at)
    writer.append([callEntry('call.intent', 1), callEntry('call.outcome', 1)].map(pendingEntry), 0)
    const { seq } = writer.head
    const late = writer.append(
      [callEntry('call.outcome', 1), callEntry('call.intent', 2)].map(pendingEntry),
      0
    )
    expect(late).toEqual([`${requestId(1)} 1`])
    expect(writer.head.seq).toBe(seq + 1)
    writer.append([callEntry('call.outcome', 2)].map(pendingEntry), 0)
    writer.close(at)
    await expectWhole()
  })

  test('stores a batch whole or not at all, and goes on without a gap', async () => {
    const writer = LedgerWriter.open(store, facts, at)
    const before = writer.head
    const twice = [callEntry('call.intent', 1), callEntry('call.intent', 2), callEntry('call.intent', 1)]
    expect(() => writer.append(twice.map(pendingEntry), 0)).toThrow(/a second intent/)
    expect(writer.head).toEqual(before)
    expect(entries()).toHaveLength(1)
    writer.append([callEntry('call.intent', 2), callEntry('call.outcome', 2)].map(pendingEntry), 0)
    expect(writer.head.seq).toBe(before.seq + 2)
    writer.close(at)
    await expectWhole()
  })

  test('cannot change or remove an entry: the table takes insertions only', () => {
    const writer = LedgerWriter.open(store, facts, at)
    expect(() => store.raw.exec(`UPDATE ledger_batch SET texts = '{}'`)).toThrow(/append-only/)
    expect(() => store.raw.exec('DELETE FROM ledger_batch')).toThrow(/append-only/)
    writer.close(at)
  })
})
