import { expect } from 'vitest'
import { recoverDeadWriters } from '../../../src/ledger/writer/crash-recovery.ts'
import { test } from '../../support/fixtures/ledger-test.ts'
import { call, callsOn, day, intent, outcome, type PrunedStore } from '../../support/fixtures/pruned-store.ts'

let ledger: PrunedStore
test.beforeEach(({ ledger: made }) => {
  ledger = made
})

/** Store, archives and both together. */
async function expectWhole(...archives: string[]): Promise<void> {
  expect((await ledger.verify()).faults).toEqual([])
  expect((await ledger.verifyFiles(...archives, ledger.exportTo('rest'))).faults).toEqual([])
}

test('a call that is open across two prunes is closed after them, and the third prune succeeds', async () => {
  const writer = ledger.open(1)
  intent(writer, 1, 1)
  call(writer, 2, 3)
  call(writer, 3, 5)
  outcome(writer, 1, 8)
  call(writer, 4, 9)
  await ledger.prune(2, 'a1')
  await ledger.prune(4, 'a2')
  await expectWhole('a1', 'a2')
  await ledger.prune(20, 'a3')
  await expectWhole('a1', 'a2', 'a3')
})

test('a writer that died before the first prune is recovered behind the second', async () => {
  const dead = ledger.open(1)
  intent(dead, 1, 1)
  const living = ledger.open(2)
  for (const number of [2, 4, 6]) call(living, number, number)
  living.close(day(6))
  ledger.forgetLocks()
  const last = ledger.open(7)
  expect(recoverDeadWriters(ledger.store, last, day(8))).toHaveLength(1)
  call(last, 9, 9)
  await ledger.prune(2, 'a1')
  await ledger.prune(5, 'a2')
  await expectWhole('a1', 'a2')
  await ledger.prune(10, 'a3')
  await expectWhole('a1', 'a2', 'a3')
})

test('a gateway that is idle between two prunes goes on behind them', async () => {
  const writer = ledger.open(1)
  call(writer, 1, 1)
  await ledger.administer(2)
  await ledger.prune(2, 'a1')
  await ledger.administer(3)
  await ledger.prune(4, 'a2')
  call(writer, 2, 70)
  writer.checkpoint(day(70))
  await expectWhole('a1', 'a2')
  await ledger.prune(80, 'a3', { now: day(90) })
  await expectWhole('a1', 'a2', 'a3')
})

test('chains that have ended do not make the entries of later prunes longer', async () => {
  callsOn(ledger.open(1), 1, 3)
  const heads: number[] = []
  for (let round = 1; round <= 4; round++) {
    for (let change = 0; change < 5; change++) await ledger.administer(10 * round)
    callsOn(ledger.open(10 * round), 10 * round + 1, 10 * round + 2)
    await ledger.prune(10 * round + 2, `a${round}`, { now: day(10 * round + 1) })
    const { cut } = ledger.store.raw
      .prepare(`SELECT entry ->> 'cut' AS cut FROM ledger WHERE kind = 'admin.ledger.prune' ORDER BY id DESC`)
      .get() as { cut: string }
    heads.push(JSON.parse(cut).heads.length)
    await expectWhole(...heads.map((_, index) => `a${index + 1}`))
  }
  // A gateway that goes on each round, and at most one chain that was the newest at each cut.
  expect(heads.at(-1)).toBeLessThanOrEqual(9)
})

test('a writer that was taken for dead and goes on behind the prune point is not missed before it', async () => {
  const writer = ledger.open(1)
  call(writer, 1, 1)
  ledger.forgetLocks()
  const other = ledger.open(2)
  recoverDeadWriters(ledger.store, other, day(2))
  call(other, 3, 3)
  call(writer, 5, 5)
  await ledger.prune(4, 'a1')
  call(writer, 6, 70)
  await expectWhole('a1')
})

test.each(['its end is pruned', 'its end is pruned and its row is swept'])(
  'a writer that was taken for dead writes again when %s',
  async what => {
    const writer = ledger.open(1)
    call(writer, 1, 1)
    ledger.forgetLocks()
    const other = ledger.open(2)
    recoverDeadWriters(ledger.store, other, day(2))
    call(other, 2, 3)
    const interrupt = new AbortController()
    const isSwept = what.includes('row')
    const onProgress = (step: string) => isSwept || step !== 'removed' || interrupt.abort()
    await ledger.prune(4, 'a1', { signal: interrupt.signal, onProgress }).catch(() => {})
    const before = writer.head.writer
    call(writer, 5, 70)
    writer.checkpoint(day(70), { always: true })
    expect(writer.head.writer).not.toBe(before)
    await expectWhole('a1')
    expect(recoverDeadWriters(ledger.store, other, day(71))).toEqual([])
    writer.close(day(72))
    await expectWhole('a1')
  }
)

test('a writer that was taken for dead, and whose end is pruned, ends without an entry', async () => {
  const writer = ledger.open(1)
  call(writer, 1, 1)
  ledger.forgetLocks()
  const other = ledger.open(2)
  recoverDeadWriters(ledger.store, other, day(2))
  call(other, 2, 3)
  await ledger.prune(4, 'a1')
  const { last } = ledger.rows
  writer.close(day(70))
  expect(ledger.rows.last).toBe(last)
  await expectWhole('a1')
})
