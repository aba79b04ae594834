import { expect } from 'vitest'
import { pendingEntry } from '../../../src/ledger/entry/pending-entry.ts'
import type { WriterInfo } from '../../../src/ledger/entry/writer-opened.ts'
import { readStore } from '../../../src/ledger/query/read-store.ts'
import type { Finding } from '../../../src/ledger/verify/finding.ts'
import { verifyLedger } from '../../../src/ledger/verify/verify.ts'
import { changeWithEntries } from '../../../src/ledger/writer/admin-entries.ts'
import { synchronousLedger } from '../../../src/ledger/writer/synchronous-ledger.ts'
import { LedgerWriter } from '../../../src/ledger/writer/writer.ts'
import type { Store } from '../../../src/store/store.ts'
import { administrator, signer } from '../../support/fixtures/pruned-store.ts'
import { callEntry } from '../../support/fixtures/sample-ledger.ts'
import { test } from '../../support/fixtures/test.ts'

const at = new Date('2026-11-24T07:00:00.000Z')
const facts = (role: WriterInfo['role']) => ({ role, version: '0.0.0', pid: 1 }) as const

let store: Store
test.beforeEach(({ store: opened }) => {
  store = opened
})

/** A chain of a call; without a signer, as somebody without the key would rebuild it from its beginning. */
function chain(role: WriterInfo['role'], call: number, by: typeof signer | undefined): void {
  const writer = LedgerWriter.open(store, facts(role), at, by)
  writer.append([callEntry('call.intent', call), callEntry('call.outcome', call)].map(pendingEntry), 0)
  writer.close(at)
}

async function faults(): Promise<readonly Finding[]> {
  const known = { publicKeys: new Set([signer.publicKey]) }
  return (await verifyLedger(readStore(store.raw), known)).faults
}

test('the newest chain of a signed ledger, rebuilt without signatures, is a bad signature at its opening', async () => {
  chain('gateway', 1, signer)
  chain('gateway', 2, undefined)
  expect(await faults()).toMatchObject([{ kind: 'bad_signature', seq: 1 }])
})

test('calls are not taken from a chain that calls itself a command’s and is not signed', async () => {
  chain('gateway', 1, signer)
  chain('cli', 2, undefined)
  expect(await faults()).toMatchObject([{ kind: 'bad_signature', seq: 2 }])
})

test('unsigned entries of writers without a key are no finding: changes by a command, and a ledger from before it was signed', async () => {
  chain('gateway', 1, undefined)
  const old = LedgerWriter.open(store, facts('gateway'), at)
  chain('gateway', 2, signer)
  await changeWithEntries(store, administrator, at, async () => ({
    result: null,
    changes: [{ kind: 'admin.tenant.create', tenant: 'acme', after: {} }]
  }))
  const command = synchronousLedger(store, facts('cli'), signer)
  command.close()
  old.append([callEntry('call.intent', 3), callEntry('call.outcome', 3)].map(pendingEntry), 0)
  old.close(at)
  expect(await faults()).toEqual([])
})
