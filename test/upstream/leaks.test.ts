import { describe, expect } from 'vitest'
import type { FaultRule } from '../../src/sandbox/fault-rule.ts'
import { testWithGateway } from '../support/fixtures/test.ts'
import { canaryKey, type TestGateway } from '../support/fixtures/test-gateway.ts'
import { rawRequest } from '../support/http/raw-connection.ts'
import { syncBytes } from '../support/http/request-bytes.ts'

const test = testWithGateway()
const secret = 'of-the-upstream-alone'

/** The key in the forms in which it could slip through a search for the plain one. */
const forms = [
  canaryKey,
  canaryKey.slice(6, 30),
  Buffer.from(canaryKey).toString('base64').slice(0, 40),
  Buffer.from(canaryKey).toString('hex'),
  encodeURIComponent(canaryKey),
  [...canaryKey].reverse().join('')
]

async function answerTo(gateway: TestGateway, rule: FaultRule): Promise<string> {
  const { key, port, sandbox, connectors } = gateway
  sandbox.faults.set(rule)
  const [answer] = await rawRequest(port, syncBytes({ key, connectorId: connectors.sharepoint }))
  expect(sandbox.faults.list()).toEqual([])
  return JSON.stringify(answer)
}

describe('an upstream key that the upstream repeats reaches neither the caller, nor the log, nor the ledger:', () => {
  test.for([0, 400, 401, 403, 404, 429, 500])('with status %i', async (error_status, { gateway }) => {
    const answer = await answerTo(gateway, { fault: 'key-echo', options: { error_status } })
    const everything = answer + gateway.logged() + JSON.stringify(gateway.entries())
    for (const form of forms) expect(everything).not.toContain(form)
  })

  test.for<FaultRule>([
    { fault: 'headers', options: { headers: [['x-request-id', canaryKey]] } },
    { fault: 'headers', options: { headers: [['retry-after', canaryKey]] } },
    { fault: 'headers', options: { headers: [['content-encoding', canaryKey]] } },
    { fault: 'content-type-wrong', options: { content_type: `text/${canaryKey}` } },
    { fault: 'redirect', options: { location: `http://127.0.0.1/${canaryKey}` } },
    { fault: 'not-http', options: { text: `HTTP/1.1 ${canaryKey}\r\n\r\n` } },
    { fault: 'shape-wrong', options: { body: { status: canaryKey } } },
    { fault: 'content-error', options: { status: 400, error_code: canaryKey, message: canaryKey } },
    { fault: 'content-error', options: { status: 500, error_code: `a.${canaryKey}` } }
  ])('in $fault $options', async (rule, { gateway }) => {
    const answer = await answerTo(gateway, rule)
    const everything = answer + gateway.logged() + JSON.stringify(gateway.entries())
    for (const form of forms) expect(everything).not.toContain(form)
  })
})

describe('an upstream that repeats our key is an incident in the log and in the ledger: the key', () => {
  const mixed = (hex: string) =>
    hex.replaceAll(/[a-f]/g, (digit, at) => (at % 2 ? digit : digit.toUpperCase()))
  const escapedInJson = (character: string) => `\\u00${character.charCodeAt(0).toString(16).padStart(2, '0')}`
  const encoded: [string, string][] = [
    ['plain', canaryKey],
    ['base64', Buffer.from(`key=${canaryKey}`).toString('base64')],
    ['hex', Buffer.from(canaryKey).toString('hex').toUpperCase()],
    ['URL-encoded', Buffer.from(canaryKey).toString('hex').replace(/../g, '%$&')],
    ['hex of both cases', mixed(Buffer.from(canaryKey).toString('hex'))],
    ['URL-encoded in part', canaryKey.replaceAll('_', '%5f')],
    ['escaped as in JSON', canaryKey.replaceAll(/[_a-c]/g, escapedInJson)],
    ['escaped as in HTML', canaryKey.replaceAll('_', '&#95;').replaceAll('x', '&#x78;')],
    ['base64 in a URL', encodeURIComponent(Buffer.from(`?>${canaryKey}`).toString('base64'))],
    ['in capitals', canaryKey.toUpperCase()],
    ['reversed', [...canaryKey].reverse().join('')]
  ]
  const parts: [string, (text: string) => FaultRule][] = [
    ['a header', text => ({ fault: 'headers', options: { headers: [['x-debug', text]] } })],
    ['the body', text => ({ fault: 'content-error', options: { status: 400, message: `bad key ${text}` } })]
  ]
  test.for(
    parts.flatMap(([part, rule]) => encoded.map(([form, text]) => ({ part, form, rule: rule(text) })))
  )('$form in $part', async ({ rule }, { gateway }) => {
    const answer = JSON.parse(await answerTo(gateway, rule)) as { headers: [string, string][] }
    const requestId = answer.headers.find(([name]) => name === 'x-request-id')?.[1]
    const outcome = gateway.entries().at(-1)
    expect(outcome).toMatchObject({ request_id: requestId, incident: 'credential_echoed' })
    const incidents = gateway
      .logged()
      .split('\n')
      .filter(line => line.includes('"incident"') && line.includes(String(requestId)))
    expect(incidents).toHaveLength(1)
    expect(JSON.parse(incidents[0] ?? '')).toMatchObject({ level: 50, credential: 'default@1' })
  })

  test('and an answer without it is invalid', async ({ gateway }) => {
    await answerTo(gateway, { fault: 'headers', options: { headers: [['x-debug', canaryKey.slice(3)]] } })
    expect(gateway.entries().at(-1)).not.toHaveProperty('incident')
  })
})

describe('no header and no text of the upstream reaches the caller:', () => {
  const names = [
    'set-cookie',
    'location',
    'www-authenticate',
    'x-powered-by',
    'server',
    'alt-svc',
    'via',
    'link'
  ]
  const headers = names.map(name => [name, secret])

  test.for<FaultRule>([
    { fault: 'set-cookie', options: { value: secret } },
    { fault: 'headers', options: { headers } },
    {
      fault: 'content-error',
      options: { status: 400, message: secret },
      also: [{ fault: 'headers', options: { headers } }]
    },
    { fault: 'content-error', options: { status: 500, message: secret } },
    { fault: 'redirect', options: { location: `http://${secret}/` } },
    { fault: 'shape-wrong', options: { body: { detail: secret } } },
    { fault: 'json-invalid', options: { text: secret } },
    { fault: 'content-error', options: { status: 404, error_code: `no token: ${secret}` } },
    { fault: 'content-error', options: { status: 404, error_code: 'a'.repeat(65) } }
  ])('$fault $options', async (rule, { gateway }) => {
    const answer = await answerTo(gateway, rule)
    expect(answer).not.toContain(secret)
    expect(answer).not.toContain('a'.repeat(65))
  })
})

test('a redirect is not followed, not even to the upstream itself', async ({ gateway }) => {
  const { sandbox, connectors } = gateway
  const before = sandbox.counters()
  for (const status of [301, 302, 303, 307, 308] as const) {
    const location = `${sandbox.origin}/contents/v1/connectors/${connectors.sharepoint}/sync`
    await answerTo(gateway, { fault: 'redirect', options: { status, location } })
  }
  expect(sandbox.counters().requests).toBe(before.requests + 5)
})

test('a key in an answer that breaks off is an incident too', async ({ gateway }) => {
  await answerTo(gateway, {
    fault: 'reset-after-headers',
    also: [{ fault: 'headers', options: { headers: [['x-debug', canaryKey]] } }]
  })
  expect(gateway.entries().at(-1)).toMatchObject({ incident: 'credential_echoed' })
})
