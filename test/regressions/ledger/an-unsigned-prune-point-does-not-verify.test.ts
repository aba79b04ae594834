import { expect } from 'vitest'
import { PrunePlan } from '../../../src/ledger/retention/prune-plan.ts'
import { pruneKind } from '../../../src/ledger/retention/prune-point.ts'
import { changeWithEntries } from '../../../src/ledger/writer/admin-entries.ts'
import type { LedgerWriter } from '../../../src/ledger/writer/writer.ts'
import { test } from '../../support/fixtures/ledger-test.ts'
import { administrator, callsOn, day, type PrunedStore, signer } from '../../support/fixtures/pruned-store.ts'

const publicKeys = new Set([signer.publicKey])

let ledger: PrunedStore
let writer: LedgerWriter
test.beforeEach(({ ledger: made }) => {
  ledger = made
  writer = ledger.open(1)
  callsOn(writer, 2, 30)
  writer.checkpoint(day(30))
})

/** What a prune writes, by somebody who has the store and not the key, and all that it lets go. */
async function pruneUnsigned(before: number): Promise<void> {
  const { store } = ledger
  const plan = await PrunePlan.make(store, { before: day(before) })
  if (!plan) throw new Error('nothing to prune')
  await changeWithEntries(store, administrator, day(31), async tx => {
    const cut = plan.pointIn(store.raw)
    await tx.insertInto('ledger_cut').values({ position: cut.position }).execute()
    const archive = { entries: plan.entries, sha256: '00'.repeat(32) }
    return { result: null, changes: [{ kind: pruneKind, cut, archive }] }
  })
  store.raw.prepare('DELETE FROM ledger_batch WHERE id <= ?').run(plan.position)
}

test('a prune without a signature is a finding, with and without the key', async () => {
  await pruneUnsigned(15)
  for (const known of [{}, { publicKeys }])
    expect((await ledger.verify(known)).faults).toMatchObject([
      { kind: 'bad_signature', seq: 2, detail: 'it has to be signed, and is not' }
    ])
})

test('a chain that goes on behind a prune point must be signed as before it', async () => {
  await ledger.prune(15, 'a1')
  expect((await ledger.verify({ publicKeys })).faults).toEqual([])
  const unsigned = { at: day(40).toISOString(), kind: 'checkpoint' } as const
  writer.transact(() => writer.insert(unsigned))
  expect((await ledger.verify({ publicKeys })).faults).toMatchObject([
    { kind: 'bad_signature', writer: writer.head.writer, seq: writer.head.seq }
  ])
})
