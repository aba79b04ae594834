import { expect } from 'vitest'
import { ledgerSigner } from '../../../src/custody/crypto/ledger-signer.ts'
import { canonicalJson } from '../../../src/ledger/entry/canonical-json.ts'
import { chainHash } from '../../../src/ledger/entry/chain.ts'
import { parseStored } from '../../../src/ledger/entry/parse-entry.ts'
import { pendingEntry } from '../../../src/ledger/entry/pending-entry.ts'
import { isSignedBy, parsePublicKey } from '../../../src/ledger/entry/signature.ts'
import { readStore } from '../../../src/ledger/query/read-store.ts'
import { type Expectations, verifyLedger } from '../../../src/ledger/verify/verify.ts'
import { LedgerWriter } from '../../../src/ledger/writer/writer.ts'
import type { Store } from '../../../src/store/store.ts'
import { test } from '../../support/fixtures/ledger-test.ts'
import { callEntry, type Row } from '../../support/fixtures/sample-ledger.ts'

const at = new Date('2026-11-24T07:00:00.000Z')
const facts = { role: 'gateway', version: '0.0.0', pid: 1 } as const
const signerOf = (byte: number) => ledgerSigner({ derive: () => Buffer.alloc(32, byte) })
const [signer, other] = [signerOf(7), signerOf(8)]

let store: Store
test.beforeEach(async ({ storeWith }) => {
  store = (await storeWith([])).store
})

/** A chain of seven: opened, a call, a checkpoint, a call, closed. The 1st, the 4th and the 7th are signed. */
function signedChain(by = signer): Row[] {
  const writer = LedgerWriter.open(store, facts, at, by)
  const call = (number: number) => {
    writer.append([callEntry('call.intent', number)].map(pendingEntry), 0)
    writer.append([callEntry('call.outcome', number)].map(pendingEntry), 0)
  }
  call(1)
  writer.checkpoint(at)
  call(2)
  writer.close(at)
  return store.raw.prepare('SELECT entry, lower(hex(hash)) AS hash FROM ledger ORDER BY id').all() as Row[]
}

async function verifyRows(rows: readonly Row[], known: Expectations = {}) {
  return await verifyLedger(
    [rows.map(({ entry, hash }, row) => parseStored(`entry ${row + 1}`, entry, hash))],
    known
  )
}

/** All rows from `from` on with members changed there and every hash after it recomputed, as anybody who can write to the store could. */
function rewritten(rows: readonly Row[], from: number, changes: Record<string, unknown>): Row[] {
  let prev: string | undefined
  return rows.map((row, index) => {
    if (index < from) return row
    const members = JSON.parse(row.entry) as Record<string, unknown>
    const entry = canonicalJson({ ...members, ...(prev && { prev }), ...(index === from && changes) })
    prev = chainHash(prev ?? String(members['prev']), entry)
    return { entry, hash: prev }
  })
}

const keyOf = ({ publicKey }: typeof signer) => new Set([publicKey])

test('a gateway signs the opening, the checkpoints and the end of its chain, and anybody can check it', async () => {
  const rows = signedChain()
  const found = await verifyRows(rows, { publicKeys: keyOf(signer) })
  expect(found).toMatchObject({ entries: 7, signatures: 3, signedUntil: at.toISOString(), faults: [] })
  const signed = rows.map(({ entry }) => entry.includes('"signature"'))
  expect(signed).toEqual([true, false, false, true, false, false, true])
})

test('the public key in PEM is the one that entries name', () => {
  expect(parsePublicKey(signer.publicKeyPem)).toBe(signer.publicKey)
  expect(parsePublicKey('-----BEGIN PUBLIC KEY-----\nno\n-----END PUBLIC KEY-----\n')).toBeNull()
})

test('an entry rewritten with all hashes after it shows at the next signature', async () => {
  const { faults } = await verifyRows(rewritten(signedChain(), 2, { code: 'upstream_failed' }))
  expect(faults).toMatchObject([{ kind: 'bad_signature', seq: 4 }])
})

test('a checkpoint that was rewritten, moved or stripped of its signature is a bad signature', async () => {
  const rows = signedChain()
  for (const changes of [
    { at: '2026-11-24T08:00:00.000Z' },
    { signature: undefined, signer: undefined },
    { signature: signer.sign('something else') },
    { signature: 'no signature at all' },
    { signer: 'no key at all' }
  ])
    expect((await verifyRows(rewritten(rows, 3, changes))).faults[0]).toMatchObject({
      kind: 'bad_signature',
      seq: 4
    })
})

test('a ledger that was rebuilt without the key is another’s, though it is whole by itself', async () => {
  const rows = signedChain(other)
  expect((await verifyRows(rows)).faults).toEqual([])
  const { faults } = await verifyRows(rows, { publicKeys: keyOf(signer) })
  expect(faults).toMatchObject([{ kind: 'bad_signature', seq: 1, detail: 'it is signed by another key' }])
})

test('a ledger without any signature is not taken for one of the key that is given', async () => {
  const { faults } = await verifyRows(
    rewritten(signedChain(), 0, { signature: undefined, signer: undefined }),
    {
      publicKeys: keyOf(signer)
    }
  )
  expect(faults[0]).toMatchObject({ kind: 'bad_signature' })
})

test('a checkpoint is made only after new entries, unless `always` is set', async () => {
  const writer = LedgerWriter.open(store, facts, at, signer)
  writer.checkpoint(at)
  writer.checkpoint(at)
  expect(writer.head.seq).toBe(2)
  writer.checkpoint(at, { always: true })
  expect(writer.head.seq).toBe(3)
  const second = LedgerWriter.open(store, facts, at, signer)
  writer.checkpoint(at)
  expect(writer.head.seq).toBe(4)
  second.close(at)
  writer.close(at)
  const known = { publicKeys: keyOf(signer) }
  expect(await verifyLedger(readStore(store.raw), known)).toMatchObject({ signatures: 7, faults: [] })
})

test('a checkpoint confirms the newest entry of other writers too', async () => {
  const one = LedgerWriter.open(store, facts, at, signer)
  const two = LedgerWriter.open(store, facts, at, signer)
  two.append([callEntry('call.intent', 1)].map(pendingEntry), 0)
  one.checkpoint(at)
  const rows = store.raw
    .prepare('SELECT entry, lower(hex(hash)) AS hash FROM ledger ORDER BY id')
    .all() as Row[]
  expect((await verifyRows(rows)).faults).toEqual([])
  const { faults } = await verifyRows(rows.filter((_, row) => row !== 2))
  expect(faults).toMatchObject([{ kind: 'cut_tail', writer: two.head.writer, seq: 2 }])
  two.close(at)
  one.close(at)
})

test('any text in the place of a signature is a bad signature, and throws nothing', () => {
  for (const text of ['', 'x', '{}', '\u0000', 'é'.repeat(50)])
    expect(isSignedBy(text, text, text)).toBe(false)
})
