import { describe, expect } from 'vitest'
import { SANDBOX_KEY, type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { opened, test as plainTest } from '../support/fixtures/test.ts'
import { type ManualClock, manualClock } from './manual-clock.ts'

let clock: ManualClock

const test = plainTest.extend(
  'sandbox',
  opened(() => {
    clock = manualClock()
    return startSandbox({ clock, syncDurationMs: 5000 })
  })
)

function idOf(sandbox: Sandbox, type: string): string {
  const found = sandbox.connectors.find(connector => connector.type === type)
  if (found === undefined) throw new Error(`no ${type} connector`)
  return found.connector_id
}

async function call(sandbox: Sandbox, path: string, init: RequestInit = {}) {
  const response = await fetch(sandbox.origin + path, { headers: { 'x-api-key': sandbox.key }, ...init })
  const body: unknown = await response.json()
  return { status: response.status, body }
}

function sync(sandbox: Sandbox, id: string, body: string, key: string = sandbox.key) {
  const headers = { 'x-api-key': key, 'content-type': 'application/json' }
  return call(sandbox, `/contents/v1/connectors/${id}/sync`, { method: 'POST', body, headers })
}

function contentError(statusCode: number) {
  return {
    status: statusCode,
    body: {
      statusCode,
      message: expect.any(String),
      errorCode: expect.any(String),
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/)
    }
  }
}

describe('sync', () => {
  test('an investment_research connector is accepted with a date_limit, which is echoed', async ({
    sandbox
  }) => {
    const id = idOf(sandbox, 'investment_research')
    expect(await sync(sandbox, id, '{"date_limit":"2026-01-01"}')).toEqual({
      status: 200,
      body: { connector_id: id, date_limit: '2026-01-01', status: 'accepted' }
    })
  })

  test('a sharepoint connector is accepted with an empty body and nothing is echoed', async ({ sandbox }) => {
    const id = idOf(sandbox, 'sharepoint')
    expect(await sync(sandbox, id, '{}')).toEqual({
      status: 200,
      body: { connector_id: id, status: 'accepted' }
    })
  })

  test('an id in upper case names the same connector', async ({ sandbox }) => {
    const id = idOf(sandbox, 'sharepoint')
    expect(await sync(sandbox, id.toUpperCase(), '{}')).toEqual({
      status: 200,
      body: { connector_id: id, status: 'accepted' }
    })
  })

  test.for([
    '{}',
    '{"date_limit":null}',
    '{"date_limit":20260101}',
    '{"date_limit":"2026-02-30"}',
    '{"date_limit":"2025-02-29"}',
    '{"date_limit":"0000-00-00"}',
    '{"date_limit":"0000-01-01"}',
    '{"date_limit":"2026-1-1"}',
    '{"date_limit":"２０２６-01-01"}',
    '{"date_limit":"12026-01-01"}',
    '{"date_limit":"2026-01-01","more":1}',
    '[]',
    'null',
    '"2026-01-01"',
    '{',
    ''
  ])('an investment_research connector refuses the body %s', async (body, { sandbox }) => {
    expect(await sync(sandbox, idOf(sandbox, 'investment_research'), body)).toEqual(contentError(400))
  })

  test('a leap day is a date', async ({ sandbox }) => {
    expect(
      (await sync(sandbox, idOf(sandbox, 'investment_research'), '{"date_limit":"2024-02-29"}')).status
    ).toBe(200)
  })

  test('a sharepoint connector refuses any non-empty body', async ({ sandbox }) => {
    expect(await sync(sandbox, idOf(sandbox, 'sharepoint'), '{"date_limit":"2026-01-01"}')).toEqual(
      contentError(400)
    )
    expect(await sync(sandbox, idOf(sandbox, 'sharepoint'), '{"other":1}')).toEqual(contentError(400))
  })

  test('an email connector is of an unsupported type', async ({ sandbox }) => {
    expect(await sync(sandbox, idOf(sandbox, 'email'), '{}')).toEqual(contentError(400))
  })

  test('an unknown connector is not found, a malformed id is refused', async ({ sandbox }) => {
    expect(await sync(sandbox, '019a9612-bfad-758c-884e-37dd8c6ad2cb', '{}')).toEqual(contentError(404))
    expect(await sync(sandbox, 'not-a-uuid', '{}')).toEqual(contentError(400))
  })
})

describe('keys', () => {
  test('a missing or wrong key is 401, before anything else is looked at', async ({ sandbox }) => {
    expect(await sync(sandbox, idOf(sandbox, 'sharepoint'), '{}', 'bd_v2_wrong')).toEqual(contentError(401))
    expect(await sync(sandbox, 'not-a-uuid', '{', 'bd_v2_wrong')).toEqual(contentError(401))
    expect(await call(sandbox, '/contents/v1/connectors', { headers: {} })).toEqual(contentError(401))
  })

  test('a key is accepted from when it is added until it is removed', async ({ sandbox }) => {
    const id = idOf(sandbox, 'sharepoint')
    sandbox.addKey('bd_v2_sandbox_next')
    expect((await sync(sandbox, id, '{}', 'bd_v2_sandbox_next')).status).toBe(200)
    expect(sandbox.removeKey(SANDBOX_KEY)).toBe(true)
    expect((await sync(sandbox, id, '{}', SANDBOX_KEY)).status).toBe(401)
    expect((await sync(sandbox, id, '{}', 'bd_v2_sandbox_next')).status).toBe(200)
  })

  test("another user's key sees only what is shared: the rest is not found, as if it did not exist", async ({
    sandbox
  }) => {
    sandbox.addKey({ key: 'bd_v2_sandbox_other', user_id: 'another' })
    const headers = { 'x-api-key': 'bd_v2_sandbox_other' }
    expect(await sync(sandbox, idOf(sandbox, 'sharepoint'), '{}', 'bd_v2_sandbox_other')).toEqual(
      contentError(404)
    )
    expect(await call(sandbox, '/contents/v1/connectors', { headers })).toEqual({
      status: 200,
      body: { results: [] }
    })
  })
})

describe('quota', () => {
  async function statuses(sandbox: Sandbox, count: number, key = sandbox.key): Promise<number[]> {
    const found: number[] = []
    for (let index = 0; index < count; index += 1) {
      const response = await fetch(`${sandbox.origin}/contents/v1/connectors`, {
        headers: { 'x-api-key': key }
      })
      await response.arrayBuffer()
      found.push(response.status)
    }
    return found
  }

  test('there is none unless asked for', async ({ sandbox }) => {
    expect(new Set(await statuses(sandbox, 600))).toEqual(new Set([200]))
  })

  test('per key: over it 429, in every window of a minute', async ({ sandbox }) => {
    sandbox.setQuota({ per_key_per_minute: 2 })
    sandbox.addKey('bd_v2_sandbox_b')
    expect(await statuses(sandbox, 1)).toEqual([200])
    clock.advance(30_000)
    expect(await statuses(sandbox, 2)).toEqual([200, 429])
    expect(await statuses(sandbox, 3, 'bd_v2_sandbox_b')).toEqual([200, 200, 429])
    clock.advance(29_999)
    expect(await statuses(sandbox, 1)).toEqual([429])
    clock.advance(1)
    expect(await statuses(sandbox, 2)).toEqual([200, 429])
  })

  test('per address, over all keys', async ({ sandbox }) => {
    sandbox.setQuota({ per_address_per_minute: 3 })
    sandbox.addKey('bd_v2_sandbox_b')
    expect([...(await statuses(sandbox, 2)), ...(await statuses(sandbox, 2, 'bd_v2_sandbox_b'))]).toEqual([
      200, 200, 200, 429
    ])
  })
})

describe('routes', () => {
  test.for([
    ['GET', '/contents/v1/unknown'],
    ['GET', '/contents/v1/connectors/'],
    ['GET', '/Contents/v1/connectors'],
    ['DELETE', '/contents/v1/connectors'],
    ['GET', '/contents/v1/connectors/019a9612-bfad-758c-884e-37dd8c6ad2cb/sync'],
    ['POST', '/contents/v1/connectors/019a9612-bfad-758c-884e-37dd8c6ad2cb/sync/'],
    ['POST', '/']
  ] as const)(
    '%s %s does not exist: 403 Missing Authentication Token',
    async ([method, path], { sandbox }) => {
      expect(await call(sandbox, path, { method })).toEqual({
        status: 403,
        body: { message: 'Missing Authentication Token' }
      })
    }
  )
})

describe('connector reads', () => {
  test('list and read show the same connectors, of all three types', async ({ sandbox }) => {
    const { body } = await call(sandbox, '/contents/v1/connectors')
    expect(body).toEqual({ results: sandbox.connectors })
    expect(new Set(sandbox.connectors.map(({ type }) => type))).toEqual(
      new Set(['email', 'investment_research', 'sharepoint'])
    )
    for (const connector of sandbox.connectors) {
      expect(await call(sandbox, `/contents/v1/connectors/${connector.connector_id}`)).toEqual({
        status: 200,
        body: connector
      })
    }
  })

  test('an unknown connector is not found, a malformed id is refused', async ({ sandbox }) => {
    expect(await call(sandbox, '/contents/v1/connectors/019a9612-bfad-758c-884e-37dd8c6ad2cb')).toEqual(
      contentError(404)
    )
    expect(await call(sandbox, '/contents/v1/connectors/not-a-uuid')).toEqual(contentError(400))
  })

  test('last_sync_* moves when the run is over, not before, for every run', async ({ sandbox }) => {
    const id = idOf(sandbox, 'sharepoint')
    const start = clock.nowMs()
    const read = async () => (await call(sandbox, `/contents/v1/connectors/${id}`)).body
    await sync(sandbox, id, '{}')
    clock.advance(1000)
    await sync(sandbox, id, '{}')
    clock.advance(3999)
    expect(await read()).toMatchObject({ last_sync_at: null, last_sync_status: null, last_sync_count: null })
    clock.advance(1)
    expect(await read()).toMatchObject({
      last_sync_at: new Date(start + 5000).toISOString(),
      last_sync_status: 'SUCCESS',
      last_sync_error_msg: null,
      last_sync_count: expect.any(Number)
    })
    clock.advance(1000)
    expect(await read()).toMatchObject({ last_sync_at: new Date(start + 6000).toISOString() })
  })

  test('a refused sync queues nothing', async ({ sandbox }) => {
    const before = sandbox.connectors
    await sync(sandbox, idOf(sandbox, 'email'), '{}')
    await sync(sandbox, idOf(sandbox, 'sharepoint'), '{"date_limit":"2026-01-01"}')
    clock.advance(60_000)
    expect(sandbox.connectors).toEqual(before)
  })
})

describe('seed', () => {
  async function facts(seed: number) {
    const one = await startSandbox({ seed, clock: manualClock() })
    const response = await fetch(`${one.origin}/contents/v1/connectors`)
    const result = { connectors: one.connectors, error: await response.json() }
    await one.close()
    return result
  }

  test('the same seed gives the same connectors and request ids, another seed gives others', async () => {
    expect(await facts(7)).toEqual(await facts(7))
    expect((await facts(8)).connectors[0]?.connector_id).not.toBe(
      (await facts(7)).connectors[0]?.connector_id
    )
  })

  test('an explicit list of connectors is taken as given', async () => {
    const connector_id = '019a9612-bfad-758c-884e-37dd8c6ad2cb'
    const one = await startSandbox({ connectors: [{ type: 'sharepoint', connector_id, archived: true }] })
    expect(one.connectors).toMatchObject([{ type: 'sharepoint', connector_id, archived: true }])
    await one.close()
  })
})
