import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mintApiKey } from '../../src/tenants/api-key.ts'
import { issueKey, revokeKey } from '../../src/tenants/keys.ts'
import { setTenantDisabled } from '../../src/tenants/tenants.ts'
import { freshAddress, withoutId } from '../support/compare-refusals.ts'
import { expectProblem } from '../support/expect-problem.ts'
import { rawRequest } from '../support/raw-connection.ts'
import { type RequestParts, syncBytes } from '../support/request-bytes.ts'
import { startTestGateway, type TestAdministration, type TestGateway } from '../support/test-gateway.ts'

/** A key for each reason for which a well-formed key is refused. */
async function badKeys({ administration, pepper, addTenant }: TestAdministration) {
  const expired = await issueKey(
    { ...administration, clock: () => new Date('2020-01-01') },
    pepper,
    'acme',
    new Date('2020-01-02')
  )
  const revoked = await issueKey(administration, pepper, 'acme', null)
  await revokeKey(administration, revoked.key_id)
  const disabled = await addTenant({ name: 'asleep' })
  await setTenantDisabled(administration, 'asleep', true)
  return { expired: expired.key, revoked: revoked.key, disabled }
}

let gateway: TestGateway<Awaited<ReturnType<typeof badKeys>>>
beforeAll(async () => {
  gateway = await startTestGateway({ prepare: badKeys })
})
afterAll(() => gateway.close())

function swapped(key: string): string {
  const [last, before] = [key.at(-1), key.at(-2)]
  return key.slice(0, -2) + (last === before ? '00' : `${last}${before}`)
}

const authorization = (value: string): RequestParts => ({ more: [`Authorization: ${value}`] })
const bearer = (key: string) => authorization(`Bearer ${key}`)

const reasons: readonly [string, () => RequestParts][] = [
  ['missing', () => ({})],
  ['empty', () => bearer('')],
  ['malformed', () => bearer('hello')],
  ['very long', () => bearer('a'.repeat(4000))],
  ['unknown', () => bearer(mintApiKey(gateway.pepper).key)],
  ['expired', () => bearer(gateway.prepared.expired)],
  ['revoked', () => bearer(gateway.prepared.revoked)],
  ['of a disabled tenant', () => bearer(gateway.prepared.disabled)],
  ['with a wrong checksum', () => bearer(swapped(gateway.key))],
  ['cut short', () => bearer(gateway.key.slice(0, -1))],
  ['too long by one', () => bearer(`${gateway.key}0`)],
  [
    'with the id of another',
    () => bearer(gateway.key.slice(0, 21) + mintApiKey(gateway.pepper).key.slice(21))
  ],
  ['given as Basic', () => authorization(`Basic ${Buffer.from(`${gateway.key}:`).toString('base64')}`)],
  ['given without a scheme', () => authorization(gateway.key)],
  ['given in the API key header with a scheme', () => ({ more: [`X-API-KEY: Bearer ${gateway.key}`] })],
  ['given twice in one header', () => bearer(`${gateway.key}, Bearer ${gateway.key}`)],
  ['the name of a property', () => bearer('__proto__')]
]

// Each from an address of its own, so that the count of failures is the same for all.
test.each(reasons.slice(1))(
  'a key that is %s gets the same 401 as none, byte for byte',
  async (_reason, parts) => {
    const connectorId = gateway.connectors.sharepoint
    const answers = await Promise.all(
      [reasons[0]?.[1] ?? parts, parts].map(async which => {
        const bytes = syncBytes({ key: null, connectorId }, which())
        return (await rawRequest(gateway.port, bytes, { from: freshAddress() }))[0]
      })
    )
    for (const answer of answers) expectProblem(answer, 'credentials_invalid')
    expect(withoutId(answers[1])).toStrictEqual(withoutId(answers[0]))
    expect(gateway.sandbox.requests()).toEqual([])
  }
)

describe('a key is taken', () => {
  test.each([
    ['as Bearer', (key: string) => `Authorization: Bearer ${key}`],
    ['as bearer in other case', (key: string) => `authorization: bEARER ${key}`],
    ['with more spaces', (key: string) => `Authorization: Bearer   ${key}`],
    ['as X-API-KEY', (key: string) => `x-api-key: ${key}`]
  ])('%s', async (_how, line) => {
    // Not forwarded: a request that is admitted and then found invalid.
    const parts = { more: [line(gateway.key)], body: '[]' }
    const bytes = syncBytes({ key: null, connectorId: gateway.connectors.sharepoint }, parts)
    const [answer] = await rawRequest(gateway.port, bytes)
    expect(answer?.status).toBe(400)
  })
})

test('the body of a stranger is never waited for', async () => {
  const bytes = syncBytes(
    { key: null, connectorId: gateway.connectors.sharepoint },
    { framing: 'Content-Length: 16000' }
  )
  expectProblem((await rawRequest(gateway.port, bytes, { from: freshAddress() }))[0], 'credentials_invalid')
})

test('a refusal tells nothing of whether the connector exists', async () => {
  const answers = await Promise.all(
    [gateway.connectors.sharepoint, '00000000-0000-4000-8000-000000000000'].map(async connectorId => {
      const [answer] = await rawRequest(gateway.port, syncBytes({ key: null, connectorId }), {
        from: freshAddress()
      })
      return withoutId(answer)
    })
  )
  expect(answers[0]).toStrictEqual(answers[1])
})
