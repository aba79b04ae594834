import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { revokeKey } from '../../../src/tenants/keys/keys.ts'
import { gatewayForFile } from '../../support/fixtures/gateway-for-file.ts'
import { expectProblem } from '../../support/http/expect-problem.ts'
import { type HttpAnswer, header } from '../../support/http/http-answer.ts'
import { rawConnection, rawRequest } from '../../support/http/raw-connection.ts'
import { requestBytes, syncBytes } from '../../support/http/request-bytes.ts'

const nobodys = '00000000-0000-4000-8000-000000000000'
const file = gatewayForFile({
  prepare: async ({ addTenant }) => ({
    other: await addTenant({ name: 'other' }),
    telling: await addTenant({ name: 'telling' }),
    none: await addTenant({ name: 'none', connectors: [] }),
    paging: await addTenant({ name: 'paging' }),
    leaving: await addTenant({ name: 'leaving' })
  })
})

type Page = { items: Record<string, unknown>[]; next: string | null }

async function ask(key: string | null, connectorId: string, query = ''): Promise<HttpAnswer | undefined> {
  const target = `/connectors/${connectorId}/syncs${query}`
  return (await rawRequest(file.gateway.port, requestBytes({ method: 'GET', target, key })))[0]
}

async function page(key: string, connectorId: string, query = ''): Promise<Page> {
  const answer = await ask(key, connectorId, query)
  expect(answer?.status).toBe(200)
  return JSON.parse(answer?.body ?? '') as Page
}

async function sync(key: string, connectorId: string, body = '{"date_limit":"2026-01-01"}'): Promise<string> {
  const [answer] = await rawRequest(file.gateway.port, syncBytes({ key, connectorId }, { body }))
  return (answer && header(answer, 'x-request-id')) ?? ''
}

describe('the history of a connector', () => {
  test('tells a tenant its own calls, newest first, and how each ended', async () => {
    const { connectors, prepared } = file.gateway
    const id = connectors.investment_research
    const accepted = await sync(prepared.telling, id)
    const refused = await sync(prepared.telling, id, '{}')
    await sync(prepared.other, id)
    const { items, next } = await page(prepared.telling, id.toUpperCase())
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

  test('shows a call in flight, and one whose outcome is unknown', async () => {
    const { key, connectors, sandbox } = file.gateway
    const before = sandbox.requests().length
    sandbox.faults.set({ fault: 'silent', probability: 1 })
    const connection = await rawConnection(file.gateway.port)
    connection.write(syncBytes({ key, connectorId: connectors.sharepoint }))
    await expect
      .poll(async () => (await page(key, connectors.sharepoint)).items[0]?.['status'])
      .toBe('in_flight')
    // The fault must meet the call that it is for.
    await expect.poll(() => sandbox.requests().length).toBe(before + 1)
    sandbox.faults.clear()
    sandbox.faults.set({ fault: 'reset-before-headers' })
    await sync(key, connectors.sharepoint, '{}')
    sandbox.faults.clear()
    expect((await page(key, connectors.sharepoint)).items[0]).toMatchObject({
      status: 'unknown',
      code: 'upstream_failed'
    })
    // Not closed in order: a caller that only ends its half waits for its answer, and so would the drain.
    connection.reset()
  })

  test('read page by page holds every call once, also while new ones come', async () => {
    const { prepared, connectors } = file.gateway
    const made: string[] = []
    for (let call = 0; call < 9; call++) made.push(await sync(prepared.paging, connectors.sharepoint, '{}'))
    const seen: unknown[] = []
    let query = '?limit=4'
    for (;;) {
      const { items, next } = await page(prepared.paging, connectors.sharepoint, query)
      seen.push(...items.map(item => item['request_id']))
      if (next === null) break
      await sync(prepared.paging, connectors.sharepoint, '{}')
      query = `?limit=4&cursor=${next}`
    }
    expect(seen).toEqual(made.reverse())
  })

  test('is empty for a connector that was never synced', async () => {
    expect(await page(file.gateway.key, nobodys)).toEqual({ items: [], next: null })
  })

  test('shows the state of the limit', async () => {
    const answer = await ask(file.gateway.key, nobodys)
    expect(answer?.headers.map(([name]) => name)).toEqual(
      expect.arrayContaining(['x-request-id', 'ratelimit', 'ratelimit-policy'])
    )
  })
})

describe('it is refused', () => {
  test.each(['?limit=0', '?limit=101', '?limit=x', '?limit=1&limit=2', '?cursor=1', '?color=red'])(
    'with the query %s',
    async query => {
      const answer = await ask(file.gateway.key, nobodys, query)
      expectProblem(answer, 'request_invalid', {
        errors: [{ pointer: expect.stringMatching(/^\/query(\/|$)/), detail: expect.any(String) }]
      })
    }
  )

  test('with a cursor of another tenant or connector, as with a made-up one', async () => {
    const { key, prepared, connectors } = file.gateway
    const theirs = await sync(prepared.other, connectors.sharepoint, '{}')
    const elsewhere = await sync(key, connectors.investment_research)
    const errors = [
      { pointer: '/query/cursor', detail: 'must be the next of an earlier page of this history' }
    ]
    for (const cursor of [theirs, elsewhere, nobodys])
      expectProblem(await ask(key, connectors.sharepoint, `?cursor=${cursor}`), 'request_invalid', { errors })
  })

  test('for a connector that is not granted, exactly as for one that does not exist', async () => {
    const { prepared, connectors } = file.gateway
    const theirs = expectProblem(await ask(prepared.none, connectors.sharepoint), 'connector_not_found')
    const nobody = expectProblem(await ask(prepared.none, nobodys), 'connector_not_found')
    expect({ ...theirs, request_id: '' }).toEqual({ ...nobody, request_id: '' })
  })

  test('without a key, and with one that was revoked', async () => {
    const { prepared, administration, connectors } = file.gateway
    expectProblem(await ask(null, connectors.sharepoint), 'credentials_invalid')
    await revokeKey(administration, prepared.leaving.split('_')[1] ?? '')
    await expect.poll(async () => (await ask(prepared.leaving, nobodys))?.status, { timeout: 3000 }).toBe(401)
  })

  test('with another method', async () => {
    const bytes = requestBytes({
      method: 'POST',
      target: `/connectors/${nobodys}/syncs`,
      key: file.gateway.key
    })
    const [answer] = await rawRequest(file.gateway.port, bytes)
    expectProblem(answer, 'method_not_allowed')
    expect(answer && header(answer, 'allow')).toBe('GET')
  })

  test('as store_unavailable while the store is not there, and is answered again afterwards', async () => {
    const { key, folder } = file.gateway
    const path = join(folder, 'gateway.db')
    await page(key, nobodys)
    renameSync(path, `${path}.away`)
    const answer = await ask(key, nobodys)
    renameSync(`${path}.away`, path)
    expectProblem(answer, 'store_unavailable', { retryAfter: 1 })
    expect(await page(key, nobodys)).toEqual({ items: [], next: null })
  })
})

test('the history shows the call alone: no address, no credential, no other tenant', async () => {
  const answer = await ask(file.gateway.key, file.gateway.connectors.investment_research)
  expect(answer?.body).not.toMatch(/client_ip|127\.0\.0\.1|credential|tenant|other|hash|seq/)
})
