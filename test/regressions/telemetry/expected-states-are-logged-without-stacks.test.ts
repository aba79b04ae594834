import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { runInNewContext } from 'node:vm'
import { expect } from 'vitest'
import { ConfigError } from '../../../src/config/error.ts'
import { tlsMaterial } from '../../../src/config/tls-files.ts'
import { domainError } from '../../../src/contract/error-table.ts'
import { Problem } from '../../../src/contract/problem.ts'
import { fetchSecret } from '../../../src/custody/secrets/reference.ts'
import { jwksSource } from '../../../src/identity/jwt/jwks-source.ts'
import { openSqlite } from '../../../src/store/sqlite/sqlite.ts'
import { storeFault } from '../../../src/store/store-fault.ts'
import { asBug, createLogger } from '../../../src/telemetry/logger.ts'
import { test } from '../../support/fixtures/test.ts'
import { testKey } from '../../support/fixtures/test-app.ts'
import { expectProblem } from '../../support/http/expect-problem.ts'
import { rawRequest } from '../../support/http/raw-connection.ts'
import { syncBytes } from '../../support/http/request-bytes.ts'

/** What a line holds of this error. */
function loggedAs(err: unknown): Record<string, unknown> {
  const lines: string[] = []
  createLogger('info', { write: text => void lines.push(text) }).error({ err }, 'it failed')
  return JSON.parse(lines.join('')).err
}

/** What this throws, or rejects with. */
async function thrownBy(work: () => unknown): Promise<unknown> {
  try {
    await work()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

test.each<[string, () => unknown]>([
  ['a file that is not there', () => readFileSync('/nowhere/at/all')],
  ['a key whose file is not there', () => fetchSecret('file:/nowhere/at/all', {})],
  ['a command that gives no key', () => fetchSecret('exec:false', {})],
  ['keys of an issuer that cannot be had', () => jwksSource('file:/nowhere/at/all').read()],
  ['a store that cannot be opened', () => openSqlite('/dev/null/gateway.db')],
  ['what SQLite refuses', () => new DatabaseSync(':memory:').exec('SELECT * FROM nothing')],
  ['TLS files that do not fit', () => tlsMaterial({ certificate: 'x', key: 'y', clientAuthority: null })],
  [
    'a deadline that has passed',
    () => {
      throw AbortSignal.abort().reason
    }
  ],
  ...[
    domainError('store_timeout', 'the store has not answered in time'),
    new ConfigError([{ key: 'GATEWAY_TLS_CERT', detail: 'has expired' }]),
    domainError('credentials_damaged', 'the credentials were altered'),
    domainError('credentials_damaged', 'it does not open'),
    domainError('store_unavailable', 'it is locked'),
    storeFault('locked'),
    domainError('master_key_wrong', 'it does not fit'),
    new Problem('ledger_unavailable')
  ].map<[string, () => unknown]>(error => [error.name, () => Promise.reject(error)])
])('%s is logged in words, without a stack', async (_what, work) => {
  const error = (await thrownBy(work)) as Error
  const logged = loggedAs(error)
  expect(logged).toMatchObject({ type: error.name, message: error.message })
  expect(logged).not.toHaveProperty('stack')
})

test.each<[string, () => unknown]>([
  ['what the engine throws', () => (undefined as unknown as { member: unknown }).member],
  ['an error of another realm', () => runInNewContext('null.member')],
  ['an assertion', () => assert.equal(1, 2)],
  ['an error that nobody gave a class', () => Promise.reject(new Error('a second intent of one call'))],
  ['one that is marked', () => Promise.reject(asBug(storeFault('locked')))]
])('%s is a bug, and logged with its stack', async (_what, work) => {
  expect(loggedAs(await thrownBy(work))).toMatchObject({ stack: expect.stringMatching(/\n {4}at /) })
})

test('an internal error is logged with its stack, whatever its class', async ({ startApp }) => {
  const cause = domainError('store_unavailable', 'nobody has taken care of this')
  const app = await startApp({ contentApi: { startSync: () => Promise.reject(cause) } })
  const connectorId = '00000000-0000-4000-8000-000000000000'
  const [answer] = await rawRequest(app.port, syncBytes({ key: testKey, connectorId }))
  expectProblem(answer, 'internal_error')
  expect(app.logged()).toMatch(/"msg":"internal error"/)
  expect(app.logged()).toMatch(/"stack":"DomainError: nobody has taken care of this/)
})

test('a store that another process has locked fills the log with sentences, not with stacks', async ({
  startGateway
}) => {
  const gateway = await startGateway()
  gateway.store.raw.exec('BEGIN IMMEDIATE')
  const bytes = syncBytes({ key: gateway.key, connectorId: gateway.connectors.sharepoint })
  const [answer] = await rawRequest(gateway.port, bytes)
  gateway.store.raw.exec('ROLLBACK')
  expectProblem(answer, 'ledger_unavailable', { retryAfter: 1 })
  await expect.poll(() => gateway.logged(), { timeout: 20_000 }).toContain('ledger.recovered')
  expect(gateway.logged()).toContain('ledger.fault')
  expect(gateway.logged()).not.toContain('"stack"')
})
