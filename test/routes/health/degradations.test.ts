import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect } from 'vitest'
import { addCredential } from '../../../src/custody/manage/operations.ts'
import { changeCredentials } from '../../../src/custody/manage/transaction.ts'
import { type DegradationSources, degradationsOf } from '../../../src/routes/health/degradations.ts'
import { testWithGateway } from '../../support/fixtures/test.ts'
import { canaryKey, type TestGateway } from '../../support/fixtures/test-gateway.ts'
import { signingKey, testIssuer } from '../../support/fixtures/token-issuer.ts'
import { rawRequest } from '../../support/http/raw-connection.ts'
import { requestBytes, syncBytes } from '../../support/http/request-bytes.ts'
import { eventually } from '../../support/scenario/wait.ts'

const folder = mkdtempSync(join(tmpdir(), 'gateway-degradations-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** A file that a reference or a setting names. */
function file(name: string, content?: string) {
  const path = join(folder, name)
  const write = (text: string) => writeFileSync(path, text)
  if (content !== undefined) write(content)
  return { reference: `file:${path}`, write, remove: () => rmSync(path) }
}

const upstreamKey = file('upstream.key', canaryKey)
/** The key that is in that file, and that the upstream takes. */
let key = canaryKey
const otherKey = file('other.key')
const keySet = JSON.stringify({ keys: [signingKey('first').jwk] })
const issuerKeys = file('issuer.json', keySet)

let logIsLosing = false
const test = testWithGateway({
  logIsLosing: () => logIsLosing,
  env: {
    GATEWAY_UPSTREAM_KEY: upstreamKey.reference,
    GATEWAY_JWT_ISSUERS: JSON.stringify([
      { ...testIssuer, name: 'issuer', jwks: issuerKeys.reference, algorithms: ['ES256'] }
    ])
  }
})

/** What both listeners say: `ok`, or what is degraded. Nothing but names of states may be in it. */
async function readiness(gateway: TestGateway): Promise<string> {
  const { port, adminPort } = gateway
  const asked = requestBytes({ method: 'GET', target: '/readyz' })
  const answers = await Promise.all([port, adminPort].map(to => rawRequest(to, asked)))
  const [open, admin] = answers.map(([answer]) => answer)
  expect(open?.status).toBe(200)
  expect(admin?.body).toBe(open?.body)
  const { status, degraded = [], ...rest } = JSON.parse(open?.body ?? '') as Record<string, string[]>
  expect({ status, rest }).toEqual({ status: degraded.length === 0 ? 'ok' : 'degraded', rest: {} })
  return degraded.join()
}

const says = (gateway: TestGateway, states: string) =>
  eventually(`/readyz says: ${states || 'ok'}`, async () => (await readiness(gateway)) === states)

async function sync(gateway: TestGateway): Promise<number | undefined> {
  const { port, key: tenantKey, connectors } = gateway
  const bytes = syncBytes({ key: tenantKey, connectorId: connectors.sharepoint })
  return (await rawRequest(port, bytes))[0]?.status
}

test('a key that the upstream refuses is shown until the upstream accepts it', async ({ gateway }) => {
  expect(await readiness(gateway)).toBe('')
  gateway.sandbox.removeKey(key)
  expect(await sync(gateway)).toBe(502)
  expect(await readiness(gateway)).toBe('credential_refused')
  gateway.sandbox.addKey(key)
  // What turns calls away in front of the check of keys says nothing of ours.
  gateway.sandbox.faults.set({ fault: 'content-error', options: { status: 429 } })
  expect(await sync(gateway)).toBe(503)
  expect(await readiness(gateway)).toBe('credential_refused')
  gateway.sandbox.faults.clear()
  expect(await sync(gateway)).toBe(200)
  expect(await readiness(gateway)).toBe('')
})

test('a key with an open breaker is shown until there is another key', async ({ gateway }) => {
  gateway.sandbox.removeKey(key)
  for (let refused = 0; refused < 3; refused++) expect(await sync(gateway)).toBe(502)
  expect(await sync(gateway)).toBe(503)
  expect(await readiness(gateway)).toBe('credential_refused,breaker_open')
  key = `bd_v2_canary_taken_instead_of_another_${key.length}`
  gateway.sandbox.addKey(key)
  upstreamKey.write(key)
  await says(gateway, '')
  expect(await sync(gateway)).toBe(200)
})

test('a reference that gives no key is shown until it does; the previous key is used meanwhile', async ({
  gateway
}) => {
  upstreamKey.write('no key at all')
  await says(gateway, 'credential_not_followed')
  expect(await sync(gateway)).toBe(200)
  upstreamKey.write(key)
  await says(gateway, '')
})

test('a credential without a key is shown until it has one, while others serve', async ({ gateway }) => {
  const version = { source: otherKey.reference, fingerprint: '0'.repeat(64) }
  changeCredentials(gateway.custody(), addCredential, 'other', version)
  await says(gateway, 'credential_sealed')
  expect(await sync(gateway)).toBe(200)
  otherKey.write('bd_v2_canary_of_the_other_credential')
  await says(gateway, '')
})

test('a token issuer whose keys cannot be fetched is shown until they can', async ({ gateway }) => {
  issuerKeys.remove()
  await says(gateway, 'issuer_keys_unavailable')
  issuerKeys.write(keySet)
  await says(gateway, '')
})

test('a log that loses lines is shown until it loses no more', async ({ gateway }) => {
  logIsLosing = true
  expect(await readiness(gateway)).toBe('log_lines_lost')
  logIsLosing = false
  expect(await readiness(gateway)).toBe('')
})

test('unreadable tenants, administrators and credentials are shown until they can be read', async ({
  gateway
}) => {
  const { raw } = gateway.store
  raw.exec('ALTER TABLE directory_change RENAME TO elsewhere')
  await says(gateway, 'store_unreadable')
  expect(await sync(gateway)).toBe(200)
  raw.exec('ALTER TABLE elsewhere RENAME TO directory_change')
  await says(gateway, '')
})

test('a certificate that has expired, or cannot be renewed, is shown', () => {
  const none = { areStale: false, isStale: false, isBehindReferences: false, isIncomplete: false }
  const custody = { credentials: { hasUnreadable: false }, reconciler: none } as never
  const of = (tls: DegradationSources['tls']) =>
    degradationsOf({
      custody,
      breaker: { hasRejections: false, isAnyOpen: false },
      principals: none,
      completeness: none,
      authenticators: { tokens: undefined },
      logIsLosing: undefined,
      tls
    })
  expect(of(null)).toEqual([])
  const now = Date.now()
  expect(of({ hasExpired: at => at >= now, isBehindFiles: () => false })).toEqual(['certificate_expired'])
  expect(of({ hasExpired: () => false, isBehindFiles: () => true })).toEqual(['certificate_not_followed'])
})
