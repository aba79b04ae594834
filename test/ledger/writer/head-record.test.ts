import { copyFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, vi } from 'vitest'
import type { Head } from '../../../src/ledger/entry/chain.ts'
import { pendingEntry } from '../../../src/ledger/entry/pending-entry.ts'
import { verifyParts } from '../../../src/ledger/verify/verify-parts.ts'
import { changeWithEntries } from '../../../src/ledger/writer/admin-entries.ts'
import { readHeadRecords } from '../../../src/ledger/writer/head-record.ts'
import { missingEntries } from '../../../src/ledger/writer/missing-entries.ts'
import { LedgerWriter } from '../../../src/ledger/writer/writer.ts'
import { openStore, type Store } from '../../../src/store/store.ts'
import { test } from '../../support/fixtures/ledger-test.ts'
import { administrator, callsOn, day } from '../../support/fixtures/pruned-store.ts'
import { callEntry } from '../../support/fixtures/sample-ledger.ts'

const at = new Date('2026-11-24T07:00:00.000Z')
const facts = { role: 'gateway', version: '0.0.0', pid: 1 } as const

let path: string
let store: Store
test.beforeEach(async ({ folder }) => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  path = join(folder, 'gateway.db')
  store = await openStore(`sqlite:${path}`)
})
afterEach(() => {
  vi.useRealTimers()
  if (store.raw.isOpen) store.close()
})

const open = () => LedgerWriter.open(store, facts, at)
const call = (writer: LedgerWriter, number: number) =>
  writer.append(
    [pendingEntry(callEntry('call.intent', number)), pendingEntry(callEntry('call.outcome', number))],
    0
  )
const change = async () =>
  await changeWithEntries(store, administrator, at, async () => ({
    result: null,
    changes: [{ kind: 'admin.tenant.create', tenant: 'acme', after: {} }]
  }))
const recorded = (writer: string) => readHeadRecords(path).find(record => record.writer === writer)
const verified = async () => await verifyParts([], { acknowledged: readHeadRecords(path) }, store.raw)

/** Keeps a copy of the store as it is now; what is returned puts it in the place of the store. */
function keepCopy(): () => Promise<void> {
  store.raw.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  copyFileSync(path, `${path}.copy`)
  return async () => {
    store.close()
    copyFileSync(`${path}.copy`, path)
    store = await openStore(`sqlite:${path}`)
  }
}

describe('up to where a chain was acknowledged is recorded beside the store', () => {
  test('at its opening and its end, at a signed checkpoint, and a second behind commits at most', () => {
    const writer = open()
    const { writer: id } = writer.head
    const seqs: (number | undefined)[] = [recorded(id)?.seq]
    call(writer, 1)
    call(writer, 2)
    seqs.push(recorded(id)?.seq)
    vi.advanceTimersByTime(1000)
    seqs.push(recorded(id)?.seq)
    call(writer, 3)
    writer.checkpoint(at)
    seqs.push(recorded(id)?.seq)
    writer.close(at)
    seqs.push(recorded(id)?.seq)
    expect(seqs).toEqual([1, 1, 5, 8, 9])
    expect(recorded(id)).toEqual(writer.head)
  })

  test('for changes, too, and only as many records are kept as are needed', async () => {
    for (let round = 0; round < 5; round++) {
      const writer = open()
      for (let number = 0; number < 3; number++) await change()
      expect(readHeadRecords(path)).toHaveLength(2)
      writer.close(at)
    }
    expect(missingEntries(store)).toEqual([])
    expect(readdirSync(`${path}.writers`).filter(name => !name.endsWith('.head'))).toEqual([])
  })

  test('a failure to record it does not fail the commit', () => {
    const writer = open()
    rmSync(`${path}.writers`, { recursive: true })
    writeFileSync(`${path}.writers`, 'in the way')
    call(writer, 1)
    writer.checkpoint(at)
    expect(writer.head.seq).toBe(4)
  })
})

describe('when entries that were acknowledged are missing', () => {
  /** The store goes back to before the last calls of one writer, or before another writer. */
  async function withLoss(): Promise<{ cut: Head; gone: Head }> {
    const first = open()
    call(first, 1)
    const goBack = keepCopy()
    call(first, 2)
    first.close(at)
    const second = open()
    call(second, 3)
    vi.advanceTimersByTime(1000)
    await goBack()
    return { cut: first.head, gone: second.head }
  }

  test('the newest chain that is lost names itself, however the ledger goes on', async () => {
    const { gone } = await withLoss()
    const expected = { writer: gone.writer, acknowledged: 3, stored: 0 }
    expect(missingEntries(store)).toEqual([expected])
    const third = open()
    call(third, 4)
    await change()
    third.close(at)
    expect(missingEntries(store)).toEqual([expected])
    const { faults } = await verified()
    expect(faults).toMatchObject([{ kind: 'missing', writer: gone.writer, seq: 1 }])
  })

  test('a chain that ends too early is named with the first number that is missing', async () => {
    const writer = open()
    call(writer, 1)
    const goBack = keepCopy()
    call(writer, 2)
    vi.advanceTimersByTime(1000)
    await goBack()
    expect(missingEntries(store)).toEqual([{ writer: writer.head.writer, acknowledged: 5, stored: 3 }])
    const { faults } = await verified()
    expect(faults).toMatchObject([{ kind: 'cut_tail', writer: writer.head.writer, seq: 4 }])
  })

  test('a chain that went on differently is found, too', async () => {
    const writer = open()
    call(writer, 1)
    const record = writer.head
    writeFileSync(
      `${path}.writers/${record.writer}.head`,
      JSON.stringify({ ...record, hash: 'f'.repeat(64) })
    )
    expect(missingEntries(store)).toEqual([{ writer: record.writer, acknowledged: 3, stored: 2 }])
    expect((await verified()).faults).toMatchObject([{ kind: 'edited', writer: record.writer, seq: 3 }])
  })

  test('a writer that finds it out itself records what it knows, and does not go on', async () => {
    const writer = open()
    const goBack = keepCopy()
    call(writer, 1)
    await goBack()
    expect(() => writer.resume(store)).toThrow(/removed or replaced/)
    expect(missingEntries(store)).toEqual([{ writer: writer.head.writer, acknowledged: 3, stored: 1 }])
  })

  test('without records the store is taken as it is: so a copy is, and a store from before there were any', async () => {
    await withLoss()
    rmSync(`${path}.writers`, { recursive: true })
    expect(missingEntries(store)).toEqual([])
    expect((await verified()).faults).toEqual([])
  })

  test('a record that cannot be read does not make the store pass as whole', () => {
    const { head } = open()
    writeFileSync(`${path}.writers/${head.writer}.head`, '')
    expect(() => missingEntries(store)).toThrow(expect.objectContaining({ code: 'store_unavailable' }))
  })
})

describe('a prune', () => {
  test('takes nothing away that is then missing: not of chains that ended, nor of those that go on', async ({
    ledger
  }) => {
    const ended = ledger.open(1)
    callsOn(ended, 1, 3)
    ended.close(day(3))
    const idle = ledger.open(4)
    callsOn(idle, 4, 6)
    await ledger.prune(10, 'one.ndjson')
    const acknowledged = readHeadRecords(ledger.store.path)
    expect(acknowledged).toHaveLength(2)
    expect(missingEntries(ledger.store)).toEqual([])
    expect((await verifyParts([], { acknowledged }, ledger.store.raw)).faults).toEqual([])
    callsOn(idle, 7, 8)
    idle.close(day(11))
    expect(missingEntries(ledger.store)).toEqual([])
  })

  test('is refused when entries are missing: the prune would hide it', async ({ ledger }) => {
    const writer = ledger.open(1)
    callsOn(writer, 1, 3)
    writer.close(day(3))
    const { head } = writer
    const path = `${ledger.store.path}.writers/${head.writer}.head`
    writeFileSync(path, JSON.stringify({ ...head, seq: head.seq + 1 }))
    await expect(ledger.prune(10, 'one.ndjson')).rejects.toMatchObject({ code: 'ledger_incomplete' })
    rmSync(path)
    await ledger.prune(10, 'one.ndjson')
  })
})
