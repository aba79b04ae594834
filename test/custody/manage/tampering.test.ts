import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import { describe, expect } from 'vitest'
import { fingerprintKeyOf } from '../../../src/custody/credential-snapshot.ts'
import { openRootKey } from '../../../src/custody/crypto/root-key.ts'
import { fingerprintOf } from '../../../src/custody/key-material.ts'
import { addCredential, rotateCredential } from '../../../src/custody/manage/operations.ts'
import { changeCredentials } from '../../../src/custody/manage/transaction.ts'
import type { TenantAdministration } from '../../../src/tenants/transaction.ts'
import { test } from '../../support/fixtures/test.ts'
import { canaryKey } from '../../support/fixtures/test-gateway.ts'
import { expectProblem } from '../../support/http/expect-problem.ts'
import { rawRequest } from '../../support/http/raw-connection.ts'
import { requestBytes, syncBytes } from '../../support/http/request-bytes.ts'

const masterKey = 'a master key that opens nothing but this one test store'
const otherKey = 'bd_v2_canary_of_the_other_credential'
const oldKey = 'bd_v2_canary_of_the_version_before'

/** Two encrypted credentials; the first was rotated, so that its previous version lies beside it. */
async function sealCredentials({ store }: TenantAdministration, onHalfWay = () => {}): Promise<void> {
  const keys = await openRootKey(store, 'env:MASTER', { MASTER: masterKey })
  const administrator = { actor: 'cli:tester', role: 'cli' as const, version: '0.0.0', pid: 1 }
  const administration = () => ({ store, keys, administrator, at: new Date() })
  const encrypted = (key: string) => {
    const secret = Buffer.from(key)
    return { source: 'sealed', fingerprint: fingerprintOf(secret, fingerprintKeyOf(keys)), secret }
  }
  changeCredentials(administration(), addCredential, 'default', encrypted(oldKey))
  changeCredentials(administration(), addCredential, 'other', encrypted(otherKey))
  onHalfWay()
  changeCredentials(administration(), rotateCredential, 'default', encrypted(canaryKey), 3_600_000)
}

/** All rows of some tables, as they were before the rotation. */
type Copy = Map<string, Record<string, SQLOutputValue>[]>
const copied = ['credential', 'credential_version', 'meta']

type Tampering = (raw: DatabaseSync, before: Copy) => void

const column = (name: string) => (raw: DatabaseSync) =>
  raw
    .prepare(`SELECT ${name} AS value FROM credential_version WHERE credential = 'default' AND version = 2`)
    .get()?.['value'] as Uint8Array

function setColumn(raw: DatabaseSync, name: string, value: Uint8Array | null): void {
  raw
    .prepare(`UPDATE credential_version SET ${name} = ? WHERE credential = 'default' AND version = 2`)
    .run(value)
}

function flip(bytes: Uint8Array, at: number): Uint8Array {
  const flipped = Buffer.from(bytes)
  flipped.writeUInt8((flipped.at(at) ?? 0) ^ 1, at < 0 ? flipped.length + at : at)
  return flipped
}

const copyRow = `INSERT OR REPLACE INTO credential_version
  (credential, version, created_at, source, fingerprint, wrapped_key, sealed)`

const tamperings: Readonly<Record<string, Tampering>> = {
  'the secret has a bit flipped': raw => setColumn(raw, 'sealed', flip(column('sealed')(raw), 20)),
  'its tag has a bit flipped': raw => setColumn(raw, 'sealed', flip(column('sealed')(raw), -1)),
  'the data key has a bit flipped': raw => setColumn(raw, 'wrapped_key', flip(column('wrapped_key')(raw), 3)),
  'the secret is cut': raw => setColumn(raw, 'sealed', column('sealed')(raw).subarray(0, -1)),
  'the secret is gone': raw => setColumn(raw, 'sealed', null),
  'the row of another credential is put in its place': raw =>
    raw.exec(`${copyRow} SELECT 'default', 2, created_at, source, fingerprint, wrapped_key, sealed
      FROM credential_version WHERE credential = 'other'`),
  'the row of the version before is put in its place': raw =>
    raw.exec(`${copyRow} SELECT 'default', 2, created_at, source, fingerprint, wrapped_key, sealed
      FROM credential_version WHERE credential = 'default' AND version = 1`),
  'the version before is made the active one': raw =>
    raw.exec("UPDATE credential SET active = 1, standby = NULL WHERE name = 'default'"),
  'the source is made a reference': raw =>
    raw.exec("UPDATE credential_version SET source = 'env:TEST_UPSTREAM_KEY' WHERE credential = 'default'"),
  'the time of the standby is made longer': raw =>
    raw.exec("UPDATE credential SET standby_until = '2999-01-01T00:00:00.000Z'"),
  'the row is removed': raw => raw.exec('DELETE FROM credential_version WHERE version = 2'),
  'the digest is removed': raw => raw.exec("DELETE FROM meta WHERE key = 'credential_manifest'"),
  'all rows and the digest are removed': raw =>
    raw.exec(
      "DELETE FROM credential_version; DELETE FROM credential; DELETE FROM meta WHERE key = 'credential_manifest'"
    ),
  'an old copy of all rows and the digest is put back': (raw, before) => {
    raw.exec('DELETE FROM credential_version; DELETE FROM credential')
    for (const [table, rows] of before)
      for (const row of rows) {
        const names = Object.keys(row)
        const blanks = names.map(() => '?').join()
        raw
          .prepare(`INSERT OR REPLACE INTO ${table} (${names.join()}) VALUES (${blanks})`)
          .run(...Object.values(row))
      }
  }
}

describe('no key is used, least of all a wrong one, when in the store', () => {
  test.for(Object.entries(tamperings))('%s', async ([_what, tamper], { startGateway }) => {
    const before: Copy = new Map()
    const gateway = await startGateway({
      sandbox: { keys: [canaryKey, otherKey, oldKey] },
      async prepare({ administration }) {
        const { raw } = administration.store
        await sealCredentials(administration, () => {
          for (const table of copied) before.set(table, raw.prepare(`SELECT * FROM ${table}`).all())
        })
        tamper(raw, before)
      }
    })
    const { port, key, connectors, sandbox } = gateway
    const [answer] = await rawRequest(port, syncBytes({ key, connectorId: connectors.sharepoint }))
    expectProblem(answer, 'sealed', { forwarded: 'no', retryAfter: 1 })
    const [ready] = await rawRequest(port, requestBytes({ method: 'GET', target: '/readyz', key: null }))
    expectProblem(ready, 'sealed')
    expect(sandbox.requests()).toEqual([])
    expect(gateway.logged()).toMatch(/credentials_damaged/)
  })
})

test('the same store, not tampered with, serves', async ({ startGateway }) => {
  const gateway = await startGateway({ prepare: async setup => sealCredentials(setup.administration) })
  const { port, key, connectors } = gateway
  const [answer] = await rawRequest(port, syncBytes({ key, connectorId: connectors.sharepoint }))
  expect(answer?.status).toBe(200)
  expect(gateway.entries().at(-1)).toMatchObject({ kind: 'call.outcome', credential: 'default@2' })
})
