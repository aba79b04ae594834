import { networkInterfaces } from 'node:os'
import { describe, expect } from 'vitest'
import { faults } from '../../src/sandbox/faults.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { opened, test as plainTest } from '../support/fixtures/test.ts'

// An address of this machine that is not loopback, where it has one.
const outside = Object.values(networkInterfaces())
  .flatMap(addresses => addresses ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address

const test = plainTest.extend(
  'sandbox',
  opened(() => startSandbox())
)

async function control(sandbox: Sandbox, method: string, path: string, body?: unknown) {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const response = await fetch(`${sandbox.origin}/_sandbox${path}`, { method, ...(text && { body: text }) })
  const answer = await response.text()
  const isJson = response.headers.get('content-type') === 'application/json'
  return { status: response.status, body: isJson ? JSON.parse(answer) : answer }
}

async function upstreamStatus(sandbox: Sandbox, key = sandbox.key): Promise<number> {
  const response = await fetch(`${sandbox.origin}/contents/v1/connectors`, { headers: { 'x-api-key': key } })
  await response.arrayBuffer()
  return response.status
}

describe('faults', () => {
  test('are added, shown, replaced, removed and cleared', async ({ sandbox }) => {
    expect(await control(sandbox, 'POST', '/faults', { fault: 'empty-answer', times: 2 })).toEqual({
      status: 201,
      body: { ids: [1] }
    })
    expect(await upstreamStatus(sandbox)).toBe(502)
    const { body } = await control(sandbox, 'GET', '/faults')
    expect(body.items).toEqual([{ id: 1, rule: { fault: 'empty-answer', times: 2 }, remaining: 1, hits: 1 }])
    expect(Object.keys(body.known)).toEqual(Object.keys(faults))
    expect(await control(sandbox, 'PUT', '/faults', [{ fault: 'drip' }, { fault: 'silent' }])).toEqual({
      status: 200,
      body: { ids: [2, 3] }
    })
    expect((await control(sandbox, 'DELETE', '/faults?id=3')).status).toBe(204)
    expect((await control(sandbox, 'DELETE', '/faults?id=3')).status).toBe(404)
    expect((await control(sandbox, 'DELETE', '/faults')).status).toBe(204)
    expect(await upstreamStatus(sandbox)).toBe(200)
  })

  test('that do not exist are refused with the list of those that do', async ({ sandbox }) => {
    const { status, body } = await control(sandbox, 'POST', '/faults', { fault: 'nonsense' })
    expect(status).toBe(400)
    expect(body).toEqual({ error: 'unknown_fault', detail: expect.stringContaining('reset-in-body') })
  })

  test.for([
    ['{', 'invalid_json'],
    ['', 'invalid_json'],
    ['3', 'invalid_fault'],
    ['{"fault":"drip","options":{"every_ms":"1"}}', 'invalid_fault'],
    ['[{"fault":"drip"},{"fault":"drip","also":3}]', 'invalid_fault']
  ] as const)('that are wrong are refused and change nothing: %s', async ([body, error], { sandbox }) => {
    expect(await control(sandbox, 'PUT', '/faults', body)).toMatchObject({ status: 400, body: { error } })
    expect(sandbox.faults.list()).toEqual([])
  })

  test('never strike the control endpoint', async ({ sandbox }) => {
    sandbox.faults.add({ fault: 'empty-answer', times: 2 }, { fault: 'reset-before-read' })
    expect((await control(sandbox, 'GET', '/counters')).status).toBe(200)
    expect(sandbox.faults.list()).toHaveLength(2)
  })
})

describe('the record', () => {
  test('is read as NDJSON, by pages, and cleared', async ({ sandbox }) => {
    for (let index = 0; index < 3; index += 1) await upstreamStatus(sandbox)
    const { body } = await control(sandbox, 'GET', '/requests?after=1&limit=1')
    expect(body.trimEnd().split('\n').map(JSON.parse)).toEqual([sandbox.requests()[1]])
    expect((await control(sandbox, 'GET', '/requests')).body.trimEnd().split('\n').map(JSON.parse)).toEqual(
      sandbox.requests()
    )
    expect((await control(sandbox, 'DELETE', '/requests')).status).toBe(204)
    expect((await control(sandbox, 'GET', '/requests')).body).toBe('')
  })

  test('is read whole also when it is long', async ({ sandbox }) => {
    const headers = { 'x-api-key': sandbox.key, 'x-long': 'x'.repeat(10_000) }
    for (let index = 0; index < 200; index += 1) {
      await (await fetch(`${sandbox.origin}/${index}`, { headers })).arrayBuffer()
    }
    const { body } = await control(sandbox, 'GET', '/requests')
    const paths = body
      .trimEnd()
      .split('\n')
      .map((line: string) => JSON.parse(line).path)
    expect(paths).toEqual(Array.from({ length: 200 }, (_, index) => `/${index}`))
  })

  test('does not hold what was asked of the control endpoint', async ({ sandbox }) => {
    await control(sandbox, 'GET', '/counters')
    expect(sandbox.requests()).toEqual([])
    expect(sandbox.counters().requests).toBe(0)
  })

  test.for(['after=-1', 'limit=x', 'after='])('is not read with %s', async (query, { sandbox }) => {
    expect(await control(sandbox, 'GET', `/requests?${query}`)).toMatchObject({
      status: 400,
      body: { error: 'invalid_input' }
    })
  })
})

describe('keys', () => {
  test('are added and removed, and never shown', async ({ sandbox }) => {
    expect(await control(sandbox, 'POST', '/keys', { key: 'bd_v2_sandbox_b' })).toEqual({
      status: 201,
      body: { count: 2 }
    })
    expect(await upstreamStatus(sandbox, 'bd_v2_sandbox_b')).toBe(200)
    expect(await control(sandbox, 'GET', '/keys')).toEqual({ status: 200, body: { count: 2 } })
    expect((await control(sandbox, 'DELETE', '/keys', { key: 'bd_v2_sandbox_b' })).status).toBe(204)
    expect((await control(sandbox, 'DELETE', '/keys', { key: 'bd_v2_sandbox_b' })).status).toBe(404)
    expect(await upstreamStatus(sandbox, 'bd_v2_sandbox_b')).toBe(401)
  })

  test.for([{}, { key: '' }, { key: 'a b' }, { key: 1 }, { key: 'a', more: 1 }])(
    'are refused: %j',
    async (body, { sandbox }) => {
      expect(await control(sandbox, 'POST', '/keys', body)).toMatchObject({
        status: 400,
        body: { error: 'invalid_input' }
      })
    }
  )
})

describe('the rest', () => {
  test('counters tell what was done', async ({ sandbox }) => {
    await upstreamStatus(sandbox)
    await upstreamStatus(sandbox, 'wrong')
    expect((await control(sandbox, 'GET', '/counters')).body).toMatchObject({
      requests: 2,
      requests_incomplete: 0,
      records_dropped: 0,
      by_status: { 200: 1, 401: 1 },
      by_operation: { list: 2 },
      by_fault: {}
    })
  })

  test('the quota is set and lifted', async ({ sandbox }) => {
    expect((await control(sandbox, 'PUT', '/quota', { per_key_per_minute: 1 })).status).toBe(204)
    expect([await upstreamStatus(sandbox), await upstreamStatus(sandbox)]).toEqual([200, 429])
    expect((await control(sandbox, 'PUT', '/quota', { per_key_per_minute: null })).status).toBe(204)
    expect(await upstreamStatus(sandbox)).toBe(200)
    expect((await control(sandbox, 'PUT', '/quota', { per_key: 1 })).status).toBe(400)
  })

  test.skipIf(outside === undefined)('only clients on loopback reach the control endpoint', async () => {
    const open = await startSandbox({ host: '0.0.0.0' })
    const response = await fetch(`http://${outside}:${open.port}/_sandbox/counters`)
    expect([response.status, await response.json()]).toEqual([
      403,
      { message: 'Missing Authentication Token' }
    ])
    expect(open.requests()).toMatchObject([{ path: '/_sandbox/counters' }])
    await open.close()
  })

  test('connectors are shown whoever may see them', async ({ sandbox }) => {
    expect((await control(sandbox, 'GET', '/connectors')).body).toEqual({ items: sandbox.connectors })
  })

  test('idle connections are disturbed on demand', async ({ sandbox }) => {
    expect((await control(sandbox, 'POST', '/idle', { action: 'unsolicited' })).status).toBe(200)
    expect((await control(sandbox, 'POST', '/idle', { action: 'explode' })).status).toBe(400)
  })

  test('an unknown control is refused with the list of those that exist', async ({ sandbox }) => {
    expect(await control(sandbox, 'POST', '/unknown', {})).toEqual({
      status: 404,
      body: { error: 'unknown_control', detail: expect.stringContaining('GET /counters') }
    })
  })
})
