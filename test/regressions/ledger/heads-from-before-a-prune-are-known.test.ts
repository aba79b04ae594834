import { expect } from 'vitest'
import { readChainHeads } from '../../../src/ledger/query/chain-heads.ts'
import { verifyParts } from '../../../src/ledger/verify/verify-parts.ts'
import type { LedgerWriter } from '../../../src/ledger/writer/writer.ts'
import { test } from '../../support/fixtures/ledger-test.ts'
import { call, callsOn, day, type PrunedStore } from '../../support/fixtures/pruned-store.ts'

let ledger: PrunedStore
let writer: LedgerWriter
test.beforeEach(({ ledger: made }) => {
  ledger = made
  writer = ledger.open(1)
  callsOn(writer, 2, 10)
})

/** Ids tell when a chain was really opened: what is cut is older than now, and what stays is yet to come. */
async function prune(): Promise<void> {
  const next = ledger.open(20)
  callsOn(next, 21, 30)
  call(next, 700, 700)
  await ledger.prune(0, 'a1', { before: new Date(Date.now() + 1000) })
}

const verify = async (heads: ReturnType<typeof readChainHeads>, ...archives: string[]) =>
  await verifyParts(
    archives.map(name => ledger.path(name)),
    { heads },
    ledger.store.raw
  )

test.each([
  ['that has ended', () => writer.close(day(11))],
  ['that has gone on since', () => callsOn(writer, 12, 20)]
])(
  'heads of a chain %s, all from before the prune point, cannot be checked by what is left',
  async (_, then) => {
    const heads = readChainHeads(ledger.store.raw)
    then()
    await prune()
    await expect(verify(heads)).rejects.toThrow(expect.objectContaining({ code: 'part_missing' }))
    expect(await verify(heads, 'a1')).toMatchObject({ faults: [], headsBeforeCut: 0 })
  }
)

test('some heads from before the prune point are counted, and the others compared', async () => {
  const ended = readChainHeads(ledger.store.raw)
  writer.close(day(11))
  await prune()
  const heads = [...ended, ...readChainHeads(ledger.store.raw)]
  expect(await verify(heads)).toMatchObject({ faults: [], headsBeforeCut: 1 })
  const forged = heads.map((head, index) => (index === 0 ? head : { ...head, hash: 'f'.repeat(64) }))
  expect((await verify(forged)).faults).toMatchObject([{ kind: 'edited' }, { kind: 'edited' }])
})

test('no known head counts as pruned in a ledger that was not pruned', async () => {
  expect(await verify(readChainHeads(ledger.store.raw))).toMatchObject({ faults: [], headsBeforeCut: 0 })
  await expect(verify([])).resolves.toMatchObject({ headsBeforeCut: 0 })
})
