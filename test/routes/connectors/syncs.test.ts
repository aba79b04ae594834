import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { revokeKey } from '../../../src/tenants/keys/keys.ts'
import { testWithGateway } from '../../support/fixtures/test.ts'
import type { TestGateway } from '../../support/fixtures/test-gateway.ts'
import { expectProblem } from '../../support/http/expect-problem.ts'
import { type HttpAnswer, header } from '../../support/http/http-answer.ts'
import { rawConnection, rawRequest } from '../../support/http/raw-connection.ts'
import { requestBytes, syncBytes } from '../../support/http/request-bytes.ts'
import { onThisMachine } from '../../support/run/bounds.ts'

const nobodys = '00000000-0000-4000-8000-000000000000'
const test = testWithGateway({
  prepare: async ({ addTenant }) => ({
    other: await addTenant({ name: 'other' }),
    telling: await addTenant({ name: 'telling' }),
    none: await addTenant({ name: 'none', connectors: [] }),
    paging: await addTenant({ name: 'paging' }),
    leaving: await addTenant({ name: 'leaving' })
  })
})

type Page = { items: Record<string, unknown>[]; next: string | null }

async function ask(
  gateway: TestGateway,
  key: string | null,
  connectorId: string,
  query = ''
): Promise<HttpAnswer | undefined> {
  const target = `/connectors/${connectorId}/syncs${query}`
  return (await rawRequest(gateway.port, requestBytes({ method: 'GET', target, key })))[0]
}

async function page(gateway: TestGateway, key: string, connectorId: string, query = ''): Promise<Page> {
  const answer = await ask(gateway, key, connectorId, query)
  expect(answer?.status).toBe(200)
  return JSON.parse(answer?.body ?? '') as Page
}

async function sync(
  gateway: TestGateway,
  key: string,
  connectorId: string,
  body = '{"date_limit":"2026-01-01"}'
): Promise<string> {
  const [answer] = await rawRequest(gateway.port, syncBytes({ key, connectorId }, { body }))
  return (answer && header(answer, 'x-request-id')) ?? ''
}

describe('the history of a connector', () => {
  test('tells a tenant its own calls, newest first, and how each ended', async ({ gateway }) => {
    const { connectors, prepared } = gateway
    const id = connectors.investment_research
    const accepted = await sync(gateway, prepared.telling, id)
    const refused = await sync(gateway, prepared.telling, id, '{}')
    await sync(gateway, prepared.other, id)
    const { items, next } = await page(gateway, prepared.telling, id.toUpperCase())
    expect(next).toBeNull()
    expect(items).toEqual([
      {
        request_id: refused,
        requested_at: expect.stringMatching(/Z$/),
        status: 'failed',
        key_id: expect.any(String),
        code: 'request_refused',
        upstream_status: 400,
        upstream_request_id: expect.any(String),
        finished_at: expect.stringMatching(/Z$/),
        duration_ms: expect.any(Number)
      },
      expect.objectContaining({
        request_id: accepted,
        status: 'accepted',
        code: 'accepted',
        date_limit: '2026-01-01'
      })
    ])
  })

  test('shows a call in flight, and one whose outcome is unknown', async ({ gateway }) => {
    const { key, connectors, sandbox } = gateway
    const before = sandbox.requests().length
    sandbox.faults.set({ fault: 'silent', probability: 1 })
    const connection = await rawConnection(gateway.port)
    connection.write(syncBytes({ key, connectorId: connectors.sharepoint }))
    await expect
      .poll(async () => (await page(gateway, key, connectors.sharepoint)).items[0]?.['status'])
      .toBe('in_flight')
    // The fault must meet the call that it is for.
    await expect.poll(() => sandbox.requests().length).toBe(before + 1)
    sandbox.faults.clear()
    sandbox.faults.set({ fault: 'reset-before-headers' })
    await sync(gateway, key, connectors.sharepoint, '{}')
    sandbox.faults.clear()
    expect((await page(gateway, key, connectors.sharepoint)).items[0]).toMatchObject({
      status: 'unknown',
      code: 'upstream_failed'
    })
    // Not closed in order: a caller that only ends its half waits for its answer, and so would the drain.
    connection.reset()
  })

  test('read page by page holds every call once, also while new ones come', async ({ gateway }) => {
    const { prepared, connectors } = gateway
    const made: string[] = []
    for (let call = 0; call < 9; call++)
      made.push(await sync(gateway, prepared.paging, connectors.sharepoint, '{}'))
    const seen: unknown[] = []
    let query = '?limit=4'
    for (;;) {
      const { items, next } = await page(gateway, prepared.paging, connectors.sharepoint, query)
      seen.push(...items.map(item => item['request_id']))
      if (next === null) break
      await sync(gateway, prepared.paging, connectors.sharepoint, '{}')
      query = `?limit=4&cursor=${next}`
    }
    expect(seen).toEqual(made.reverse())
  })

  test('is empty for a connector that was never synced', async ({ gateway }) => {
    expect(await page(gateway, gateway.key, nobodys)).toEqual({ items: [], next: null })
  })

  test('shows the state of the limit', async ({ gateway }) => {
    const answer = await ask(gateway, gateway.key, nobodys)
    expect(answer?.headers.map(([name]) => name)).toEqual(
      expect.arrayContaining(['x-request-id', 'ratelimit', 'ratelimit-policy'])
    )
  })
})

describe('it is refused', () => {
  test.for(['?limit=0', '?limit=101', '?limit=x', '?limit=1&limit=2', '?cursor=1', '?color=red'])(
    'with the query %s',
    async (query, { gateway }) => {
      const answer = await ask(gateway, gateway.key, nobodys, query)
      expectProblem(answer, 'request_invalid', {
        errors: [{ pointer: expect.stringMatching(/^\/query(\/|$)/), detail: expect.any(String) }]
      })
    }
  )

  test('with a cursor of another tenant or connector, as with a made-up one', async ({ gateway }) => {
    const { key, prepared, connectors } = gateway
    const theirs = await sync(gateway, prepared.other, connectors.sharepoint, '{}')
    const elsewhere = await sync(gateway, key, connectors.investment_research)
    const errors = [
      { pointer: '/query/cursor', detail: 'must be the next of an earlier page of this history' }
    ]
    for (const cursor of [theirs, elsewhere, nobodys])
      expectProblem(await ask(gateway, key, connectors.sharepoint, `?cursor=${cursor}`), 'request_invalid', {
        errors
      })
  })

  test('for a connector that is not granted, exactly as for one that does not exist', async ({ gateway }) => {
    const { prepared, connectors } = gateway
    const theirs = expectProblem(
      await ask(gateway, prepared.none, connectors.sharepoint),
      'connector_not_found'
    )
    const nobody = expectProblem(await ask(gateway, prepared.none, nobodys), 'connector_not_found')
    expect({ ...theirs, request_id: '' }).toEqual({ ...nobody, request_id: '' })
  })

  test('without a key, and with one that was revoked', async ({ gateway }) => {
    const { prepared, administration, connectors } = gateway
    expectProblem(await ask(gateway, null, connectors.sharepoint), 'credentials_invalid')
    await revokeKey(administration, prepared.leaving.split('_')[1] ?? '')
    await expect
      .poll(async () => (await ask(gateway, prepared.leaving, nobodys))?.status, {
        timeout: onThisMachine(3_000)
      })
      .toBe(401)
  })

  test('with another method', async ({ gateway }) => {
    const bytes = requestBytes({
      method: 'POST',
      target: `/connectors/${nobodys}/syncs`,
      key: gateway.key
    })
    const [answer] = await rawRequest(gateway.port, bytes)
    expectProblem(answer, 'method_not_allowed')
    expect(answer && header(answer, 'allow')).toBe('GET')
  })

  test('as store_unavailable while the store is not there, and is answered again afterwards', async ({
    gateway
  }) => {
    const { key, folder } = gateway
    const path = join(folder, 'gateway.db')
    await page(gateway, key, nobodys)
    renameSync(path, `${path}.away`)
    const answer = await ask(gateway, key, nobodys)
    renameSync(`${path}.away`, path)
    expectProblem(answer, 'store_unavailable', { retryAfter: 1 })
    expect(await page(gateway, key, nobodys)).toEqual({ items: [], next: null })
  })
})

test('the history shows the call alone: no address, no credential, no other tenant', async ({ gateway }) => {
  const answer = await ask(gateway, gateway.key, gateway.connectors.investment_research)
  expect(answer?.body).not.toMatch(/client_ip|127\.0\.0\.1|credential|tenant|other|hash|seq/)
})
