import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type FaultRule, FaultRuleError } from '../../src/sandbox/fault-rule.ts'
import { faults } from '../../src/sandbox/faults.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { type ManualClock, manualClock } from './manual-clock.ts'
import { isWhole, type RawClient, rawClient, syncRequest } from './raw-client.ts'

let sandbox: Sandbox
let clock: ManualClock
let clients: RawClient[]

beforeEach(async () => {
  clock = manualClock()
  clients = []
  sandbox = await startSandbox({ clock })
})
afterEach(async () => {
  for (const client of clients) client.close()
  await sandbox.close()
})

function sharepointId(): string {
  return sandbox.connectors.find(({ type }) => type === 'sharepoint')?.connector_id ?? ''
}

async function open(): Promise<RawClient> {
  const client = await rawClient(sandbox.port)
  clients.push(client)
  return client
}

/** Sends one sync under the rule; the client shows what came. */
async function struck(rule: FaultRule): Promise<RawClient> {
  sandbox.faults.add(rule)
  const client = await open()
  client.write(syncRequest(sandbox.key, sharepointId()))
  return client
}

async function answered(rule: FaultRule): Promise<{ head: string; body: string }> {
  const client = await struck(rule)
  const received = await client.until(isWhole)
  const [head = '', ...rest] = received.split('\r\n\r\n')
  return { head, body: rest.join('\r\n\r\n') }
}

const accepted = () => JSON.stringify({ connector_id: sharepointId(), status: 'accepted' })

describe('the four shapes of failure', () => {
  test('1: the error of the content service, with any status', async () => {
    const { head, body } = await answered({ fault: 'content-error', options: { status: 409, message: 'm' } })
    expect(head).toMatch(/^HTTP\/1\.1 409 Conflict\r\n/)
    expect(JSON.parse(body)).toEqual({
      statusCode: 409,
      message: 'm',
      errorCode: 'InternalServerError',
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/)
    })
  })

  test('2: 403 Missing Authentication Token', async () => {
    const { head, body } = await answered({ fault: 'missing-authentication-token' })
    expect(head).toMatch(/^HTTP\/1\.1 403 /)
    expect(body).toBe('{"message":"Missing Authentication Token"}')
  })

  test.each([401, 403] as const)('3: a firewall page with %i', async status => {
    const { head, body } = await answered({ fault: 'firewall-page', options: { status } })
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} .*\r\ncontent-type: text/html\r\n`))
    expect(body).toMatch(/^<html>/)
  })

  test.each([401, 403, 429, 500, 502, 503, 504])('4: an empty body with %i', async status => {
    const { head, body } = await answered({ fault: 'empty-answer', options: { status } })
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(head).toContain('\r\ncontent-length: 0')
    expect(body).toBe('')
  })

  test('a failure in place of the service queues no run', async () => {
    await answered({ fault: 'content-error' })
    clock.advance(60_000)
    expect(sandbox.connectors.every(({ last_sync_at }) => last_sync_at === null)).toBe(true)
  })
})

describe('429 and redirects', () => {
  test('Retry-After is absent, in seconds, or a date', async () => {
    expect((await answered({ fault: 'rate-limited' })).head).not.toMatch(/retry-after/)
    const seconds = await answered({ fault: 'rate-limited', options: { retry_after: 'seconds', seconds: 7 } })
    expect(seconds.head).toMatch(/^HTTP\/1\.1 429 Too Many Requests\r\nretry-after: 7\r\n/)
    const date = await answered({ fault: 'rate-limited', options: { retry_after: 'date', seconds: 7 } })
    expect(date.head).toContain(`\r\nretry-after: ${new Date(clock.nowMs() + 7000).toUTCString()}\r\n`)
  })

  test.each([301, 302, 303, 307, 308] as const)('%i points to another origin', async status => {
    const location = 'http://other.invalid/x'
    const { head } = await answered({ fault: 'redirect', options: { status, location } })
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} .*\r\nlocation: ${location}\r\n`))
  })
})

describe('resets are RSTs, and the request is on record', () => {
  const head = expect.stringMatching(/^POST .*\r\n\r\n$/s)

  test('as the connection is accepted: nothing is read', async () => {
    sandbox.faults.add({ fault: 'reset-on-connect' })
    expect(await (await open()).ended).toBe('reset')
    expect(sandbox.requests()).toEqual([])
    expect(sandbox.counters()).toMatchObject({ connections_reset_unread: 1 })
  })

  test.each([
    ['reset-before-read', /^$/, false],
    ['reset-before-headers', /^$/, true],
    ['reset-in-headers', /^HTTP\/1\.1 200 OK\r\n(?!.*\r\n\r\n)/s, true],
    ['reset-after-headers', /^HTTP\/1\.1 200 OK\r\n.*\r\n\r\n$/s, true],
    ['reset-in-body', /\r\n\r\n\{"connector_id":"[^}]*$/s, true]
  ] as const)('%s', async (fault, received, complete) => {
    const client = await struck({ fault })
    expect(await client.ended).toBe('reset')
    expect(client.received).toMatch(received)
    expect(sandbox.requests()).toMatchObject([{ head, body: '{}', complete, fault }])
    expect(sandbox.requests()).toHaveLength(1)
  })

  test('a request that was read before the reset has queued its run', async () => {
    await (await struck({ fault: 'reset-before-headers' })).ended
    clock.advance(60_000)
    expect(sandbox.connectors.filter(({ last_sync_at }) => last_sync_at !== null)).toHaveLength(1)
  })
})

describe('time', () => {
  test('delay-before-headers holds everything back', async () => {
    const client = await struck({ fault: 'delay-before-headers', options: { wait_ms: 5000 } })
    await expect.poll(() => clock.waiting).toBe(1)
    clock.advance(4999)
    expect(client.received).toBe('')
    clock.advance(1)
    expect(await client.until(isWhole)).toContain(accepted())
  })

  test('delay-before-body holds the body back', async () => {
    const client = await struck({ fault: 'delay-before-body', options: { wait_ms: 5000 } })
    expect(await client.until(received => received.endsWith('\r\n\r\n'))).toMatch(/\r\n\r\n$/)
    await expect.poll(() => clock.waiting).toBe(1)
    clock.advance(5000)
    expect(await client.until(isWhole)).toContain(accepted())
  })

  test('silent never answers, and lets go when the client does', async () => {
    const client = await struck({ fault: 'silent' })
    await expect.poll(() => sandbox.requests().length).toBe(1)
    client.write(syncRequest(sandbox.key, sharepointId()))
    client.finish()
    expect(await client.ended).toBe('finish')
    expect(client.received).toBe('')
    expect(sandbox.requests()).toMatchObject([{ complete: true, fault: 'silent' }, { complete: false }])
  })

  test('a wait ends with its connection and leaves no timer behind', async () => {
    const client = await struck({ fault: 'delay-before-headers', options: { wait_ms: 5000 } })
    await expect.poll(() => clock.waiting).toBe(1)
    await sandbox.close()
    await client.ended
    expect(clock.waiting).toBe(0)
    sandbox = await startSandbox({ clock })
  })

  test('drip sends a byte per interval', async () => {
    const client = await struck({ fault: 'drip', options: { every_ms: 10 } })
    for (let sent = 1; sent <= 5; sent += 1) {
      await expect.poll(() => [client.received.length, clock.waiting]).toEqual([sent, 1])
      clock.advance(10)
    }
  })

  test('drip from the body on sends the head at once, and the answer is whole in the end', async () => {
    const client = await struck({ fault: 'drip', options: { from: 'body', every_ms: 10 } })
    await client.until(received => received.endsWith('\r\n\r\n{'))
    while (!isWhole(client.received)) {
      await expect.poll(() => clock.waiting).toBe(1)
      clock.advance(10)
      const before = client.received.length
      await client.until(received => received.length > before || isWhole(received))
    }
    expect(client.received).toContain(accepted())
  })
})

describe('content', () => {
  test.each(['length', 'chunked', 'close'] as const)(
    'oversize by %s is valid JSON of that size',
    async framing => {
      const options = { bytes: 100_000, framing }
      const client = await struck({ fault: 'oversize', options, also: [{ fault: 'close-after-answer' }] })
      expect(await client.ended).toBe('finish')
      const [head = '', ...rest] = client.received.split('\r\n\r\n')
      const markers = {
        length: 'content-length: 100000',
        chunked: 'transfer-encoding: chunked',
        close: 'connection: close'
      }
      expect(head).toContain(markers[framing])
      expect(rest.join('\r\n\r\n').length).toBeGreaterThanOrEqual(100_000)
      const text = rest.join('\r\n\r\n').replace(/(?:^|\r\n)[0-9a-f]+\r\n|\r\n$/g, '')
      expect(JSON.parse(text)).toEqual(JSON.parse(accepted()))
    }
  )

  test('Content-Length may claim more than is sent', async () => {
    const client = await struck({ fault: 'content-length-wrong', options: { extra_bytes: 10 } })
    expect(await client.ended).toBe('finish')
    expect(client.received).toContain(`content-length: ${accepted().length + 10}\r\n`)
    expect(client.received.endsWith(accepted())).toBe(true)
  })

  test('Content-Length may claim less than is sent', async () => {
    const client = await struck({
      fault: 'content-length-wrong',
      options: { extra_bytes: -10, close: false }
    })
    expect(await client.until(received => received.endsWith('}'))).toContain(
      `content-length: ${accepted().length - 10}\r\n`
    )
  })

  test('two framings at once', async () => {
    const { head } = await answered({ fault: 'framing-conflict' })
    expect(head).toMatch(/transfer-encoding: chunked/)
    expect(head).toMatch(/content-length: /)
  })

  test('gzip although nobody asked', async () => {
    const { head, body } = await answered({ fault: 'compressed' })
    expect(head).toContain('\r\ncontent-encoding: gzip\r\n')
    expect(gunzipSync(Buffer.from(body, 'latin1')).toString()).toBe(accepted())
  })

  test('another content type, or none', async () => {
    expect((await answered({ fault: 'content-type-wrong' })).head).toContain(
      '\r\ncontent-type: text/plain\r\n'
    )
    const none = await answered({ fault: 'content-type-wrong', options: { content_type: '' } })
    expect(none.head).not.toContain('content-type')
    expect(none.body).toBe(accepted())
  })

  test('invalid JSON, JSON of another shape, another connector', async () => {
    expect((await answered({ fault: 'json-invalid' })).body).toBe(accepted().slice(0, -1))
    expect((await answered({ fault: 'json-invalid', options: { text: '<' } })).body).toBe('<')
    expect((await answered({ fault: 'shape-wrong' })).body).toBe('[]')
    expect((await answered({ fault: 'shape-wrong', options: { body: { status: 1 } } })).body).toBe(
      '{"status":1}'
    )
    const { connector_id } = JSON.parse((await answered({ fault: 'connector-id-wrong' })).body)
    expect(connector_id).toMatch(/^[0-9a-f-]{36}$/)
    expect(connector_id).not.toBe(sharepointId())
  })

  test('the key comes back in header and body, or in an error', async () => {
    const { head, body } = await answered({ fault: 'key-echo' })
    expect(head).toContain(`\r\nx-api-key: ${sandbox.key}\r\n`)
    expect(JSON.parse(body)).toMatchObject({ status: 'accepted', api_key: sandbox.key })
    const error = await answered({ fault: 'key-echo', options: { error_status: 401 } })
    expect(error.head).toMatch(/^HTTP\/1\.1 401 /)
    expect(JSON.parse(error.body).message).toContain(sandbox.key)
  })

  test('cookies and any other header, broken ones too', async () => {
    expect((await answered({ fault: 'set-cookie' })).head).toMatch(/\r\nset-cookie: AWSALB=/)
    const { head } = await answered({ fault: 'headers', options: { headers: [['x-broken', 'a\r\nb: c\0']] } })
    expect(head).toContain('\r\nx-broken: a\r\nb: c\0\r\n')
  })

  test('bytes that are no HTTP', async () => {
    const client = await struck({ fault: 'not-http' })
    expect(await client.ended).toBe('finish')
    expect(client.received).toBe('SSH-2.0-sandbox\r\n')
  })

  test('a flood of informational answers before the answer', async () => {
    const client = await struck({ fault: 'informational-flood', options: { count: 300 } })
    const received = await client.until(text => text.includes('HTTP/1.1 200 OK') && text.endsWith('}'))
    expect(received.split('HTTP/1.1 103 ')).toHaveLength(301)
  })
})

describe('the kept-alive connection', () => {
  test('gets a whole answer that nobody asked for, right behind the answer', async () => {
    const client = await struck({ fault: 'unsolicited-answer' })
    const received = await client.until(
      text => text.split('HTTP/1.1 200 OK').length === 3 && text.endsWith('}')
    )
    expect(received).toContain('"connector_id":"unsolicited"')
  })

  test('gets it later, when it is idle', async () => {
    const client = await struck({ fault: 'unsolicited-answer', options: { wait_ms: 50 } })
    await client.until(isWhole)
    await expect.poll(() => clock.waiting).toBe(1)
    clock.advance(50)
    await client.until(text => text.split('HTTP/1.1 200 OK').length === 3)
    expect(sandbox.requests()).toHaveLength(1)
  })

  test.each(['finish', 'reset'] as const)('is ended (%s) after an answer that kept it alive', async how => {
    const client = await struck({ fault: 'close-when-idle', options: { wait_ms: 50, how } })
    expect(await client.until(isWhole)).toContain('connection: keep-alive')
    await expect.poll(() => clock.waiting).toBe(1)
    clock.advance(50)
    expect(await client.ended).toBe(how)
  })

  test('all idle ones can be disturbed at once; busy and unused ones are left alone', async () => {
    const busy = await struck({ fault: 'silent' })
    await expect.poll(() => sandbox.requests().length).toBe(1)
    const idle = await open()
    idle.write(syncRequest(sandbox.key, sharepointId()))
    await idle.until(isWhole)
    await open()
    await (await fetch(`${sandbox.origin}/_sandbox/counters`)).json()
    await expect.poll(() => sandbox.disturbIdle('unsolicited')).toBe(1)
    await idle.until(text => text.includes('unsolicited'))
    expect(sandbox.disturbIdle('reset')).toBe(1)
    expect(await idle.ended).toBe('reset')
    expect(busy.received).toBe('')
  })
})

describe('rules', () => {
  async function status(id = sharepointId(), method = 'POST'): Promise<number> {
    const path = `/contents/v1/connectors/${id}${method === 'POST' ? '/sync' : ''}`
    const headers = { 'x-api-key': sandbox.key }
    const response = await fetch(sandbox.origin + path, {
      method,
      headers,
      ...(method === 'POST' && { body: '{}' })
    })
    await response.arrayBuffer()
    return response.status
  }

  test('are a queue: the first that matches strikes, as often as it says, by default once', async () => {
    sandbox.faults.add(
      { fault: 'empty-answer', options: { status: 500 }, times: 2 },
      { fault: 'empty-answer', options: { status: 503 } }
    )
    expect([await status(), await status(), await status(), await status()]).toEqual([500, 500, 503, 200])
    expect(sandbox.faults.list()).toEqual([])
  })

  test('are kept to a connector and an operation', async () => {
    const other = sandbox.connectors.find(({ type }) => type === 'email')?.connector_id ?? ''
    sandbox.faults.add({
      fault: 'empty-answer',
      connector_id: sharepointId().toUpperCase(),
      operation: 'sync',
      times: 9
    })
    expect([await status(other), await status(sharepointId(), 'GET'), await status()]).toEqual([
      400, 200, 502
    ])
  })

  test('with a probability strike the same requests for the same seed', async () => {
    async function pattern(seed: number): Promise<string> {
      const one = await startSandbox({ seed })
      one.faults.add({ fault: 'empty-answer', probability: 0.3 })
      let text = ''
      for (let index = 0; index < 60; index += 1) {
        const response = await fetch(`${one.origin}/x`)
        await response.arrayBuffer()
        text += response.status === 502 ? 'x' : '.'
      }
      await one.close()
      return text
    }
    const first = await pattern(11)
    expect(first, 'seed 11').toBe(await pattern(11))
    expect(first, 'seed 11').toMatch(/x/)
    expect(first, 'seed 11').toMatch(/\./)
    expect(await pattern(12), 'seed 12').not.toBe(first)
  })

  test('combine several faults on one answer', async () => {
    const client = await struck({
      fault: 'delay-before-headers',
      options: { wait_ms: 10 },
      also: [{ fault: 'firewall-page' }, { fault: 'set-cookie' }]
    })
    await expect.poll(() => clock.waiting).toBe(1)
    clock.advance(10)
    expect(await client.until(isWhole)).toMatch(/^HTTP\/1\.1 403 .*set-cookie/s)
    expect(sandbox.requests()).toMatchObject([{ fault: 'delay-before-headers+firewall-page+set-cookie' }])
    expect(sandbox.counters().by_fault).toEqual({ 'delay-before-headers+firewall-page+set-cookie': 1 })
  })

  test('combine also where one spoils what the other reads', async () => {
    const { body } = await answered({
      fault: 'compressed',
      also: [{ fault: 'json-invalid' }, { fault: 'key-echo' }, { fault: 'connector-id-wrong' }]
    })
    expect(JSON.parse(body)).toEqual({ api_key: sandbox.key, connector_id: expect.any(String) })
  })

  test('can be replaced, removed and cleared', async () => {
    sandbox.faults.add({ fault: 'silent' })
    const [id = 0] = sandbox.faults.set({ fault: 'drip' }, { fault: 'oversize', times: 3 })
    expect(sandbox.faults.list()).toMatchObject([
      { id, rule: { fault: 'drip' }, remaining: 1, hits: 0 },
      { rule: { fault: 'oversize' }, remaining: 3 }
    ])
    expect([sandbox.faults.remove(id), sandbox.faults.remove(id)]).toEqual([true, false])
    sandbox.faults.clear()
    expect(sandbox.faults.list()).toEqual([])
    expect(await status()).toBe(200)
  })

  test.each([
    [{ fault: 'no-such-fault' }, 'unknown_fault'],
    [{ fault: 'toString' }, 'unknown_fault'],
    [{ fault: 'drip', options: { every_ms: -1 } }, 'invalid_fault'],
    [{ fault: 'drip', options: { every: 1 } }, 'invalid_fault'],
    [{ fault: 'drip', times: 0 }, 'invalid_fault'],
    [{ fault: 'drip', probability: 2 }, 'invalid_fault'],
    [{ fault: 'drip', operation: 'delete' }, 'invalid_fault'],
    [{ fault: 'drip', also: [{ fault: 'x' }] }, 'unknown_fault'],
    [{ fault: 'drip', also: [{ fault: 'reset-before-read' }] }, 'invalid_fault'],
    [{ fault: 'reset-on-connect', connector_id: 'x' }, 'invalid_fault'],
    [{ fault: 'drip', more: 1 }, 'invalid_fault'],
    [{}, 'invalid_fault'],
    [null, 'invalid_fault']
  ])('that are wrong are refused whole: %j', (rule, code) => {
    sandbox.faults.add({ fault: 'silent' })
    const add = () => sandbox.faults.set({ fault: 'oversize' }, rule as FaultRule)
    expect(add).toThrow(FaultRuleError)
    expect(add).toThrow(expect.objectContaining({ code }))
    expect(sandbox.faults.list()).toMatchObject([{ rule: { fault: 'silent' } }])
  })

  test('every fault of the table can be asked for by its name alone', () => {
    for (const name of Object.keys(faults))
      expect(sandbox.faults.add({ fault: name } as FaultRule)).toHaveLength(1)
  })
})
