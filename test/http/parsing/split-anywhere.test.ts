import { duplexPair } from 'node:stream'
import fc from 'fast-check'
import { expect } from 'vitest'
import { opened, test as plainTest } from '../../support/fixtures/test.ts'
import { startTestApp, type TestApp, testKey, testTenant } from '../../support/fixtures/test-app.ts'
import { type HttpAnswer, readAnswers } from '../../support/http/http-answer.ts'
import { chunked, requestBytes, syncBytes } from '../../support/http/request-bytes.ts'
import { scenarioSeed } from '../../support/scenario/scenario.ts'

const test = plainTest.extend(
  'app',
  { scope: 'file' },
  opened(() => {
    const caller = { tenant: { ...testTenant, ratePerMinute: 1_000_000_000, burst: 1_000_000 }, keyId: 'k' }
    return startTestApp({
      directory: { authenticate: key => (key === testKey ? caller : null) },
      limiters: {
        tenants: { name: 'tenant', take: () => allowed },
        failures: { name: 'failures', take: () => allowed }
      }
    })
  })
)
const allowed = { allowed: true, remaining: 1, retryAfterUs: 0, resetUs: 0, tat: 0 }

/** The answers to pieces that come one after the other, each in a read of its own. */
async function answersTo(app: TestApp, pieces: readonly Buffer[]): Promise<HttpAnswer[]> {
  const [ours, theirs] = duplexPair()
  const received: Buffer[] = []
  ours.on('data', bytes => received.push(bytes))
  ours.on('error', () => {})
  const closed = new Promise<void>(resolve => ours.once('end', resolve).once('close', resolve))
  app.server.emit('connection', theirs)
  for (const piece of pieces)
    if (piece.length > 0) await new Promise<void>(resolve => ours.write(piece, () => resolve()))
  ours.end()
  await closed
  theirs.destroy()
  const { answers, rest } = readAnswers(Buffer.concat(received))
  expect(rest.toString()).toBe('')
  return answers
}

/** What an answer says, without what differs from request to request. */
function essence({ status, headers, body }: HttpAnswer) {
  const kept = headers.filter(
    ([name]) => !['x-request-id', 'date', 'keep-alive', 'content-length'].includes(name)
  )
  return { status, headers: kept, body: body.replace(/"request_id":"[^"]+"/, '') }
}

const connectorId = '00000000-0000-4000-8000-000000000000'
const call = { key: testKey, connectorId }
const messages: readonly Buffer[] = [
  requestBytes({ method: 'GET', target: '/livez', framing: null }),
  Buffer.from('\r\n\r\n'),
  syncBytes(call),
  syncBytes(call, { body: '{"date_limit":"2026-01-01"}' }),
  syncBytes(call, { body: chunked('{}'), framing: 'Transfer-Encoding: chunked' }),
  syncBytes(call, {
    body: '1\r\n{\r\n1;a=b\r\n}\r\n0\r\nX-A: b\r\n\r\n',
    framing: 'Transfer-Encoding: chunked'
  }),
  syncBytes(call, { body: '{\r\n\r\n}' }),
  syncBytes(call, { body: `{}${' '.repeat(3_000)}` }),
  syncBytes({ ...call, key: null }),
  syncBytes({ ...call, key: null }, { body: 'GET /livez HTTP/1.1\r\nHost: a\r\n\r\n' }),
  syncBytes(call, { more: ['Expect: 100-continue'] }),
  requestBytes({ target: '/nowhere', body: chunked('\r\n\r\n'), framing: 'Transfer-Encoding: chunked' })
]
const last: readonly Buffer[] = [
  Buffer.alloc(0),
  requestBytes({ method: 'GET', target: '/livez', framing: null, more: ['Upgrade: a'] }),
  requestBytes({ method: 'GET', target: '/livez', framing: null, version: 'HTTP/1.0', more: ['X: y'] }),
  requestBytes({ method: 'GET', target: '/livez', version: 'RTSP/1.0' }),
  requestBytes({ method: 'CONNECT', target: 'a:1' }),
  Buffer.from('garbage\r\n\r\n'),
  syncBytes(call).subarray(0, -1),
  syncBytes(call, { body: 'zz\r\n', framing: 'Transfer-Encoding: chunked' })
]

test('however the bytes of a connection are cut on their way, the answers are the same', async ({ app }) => {
  const streams = fc.record({
    first: fc.array(fc.nat(messages.length - 1), { maxLength: 6 }),
    end: fc.nat(last.length - 1),
    cuts: fc.array(fc.nat(5_000), { maxLength: 10 })
  })
  const run = fc.asyncProperty(streams, async ({ first, end, cuts }) => {
    const bytes = Buffer.concat([...first.map(index => messages[index] as Buffer), last[end] as Buffer])
    const positions = [0, ...cuts.map(cut => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
    const pieces = positions.slice(1).map((position, index) => bytes.subarray(positions[index], position))
    expect((await answersTo(app, pieces)).map(essence)).toEqual((await answersTo(app, [bytes])).map(essence))
  })
  await fc.assert(run, { numRuns: 150, seed: scenarioSeed('bytes cut anywhere') })
})

test('a head may come byte by byte', async ({ app }) => {
  const bytes = Buffer.concat([...messages.filter(({ length }) => length < 1_000), last[5] as Buffer])
  const whole = (await answersTo(app, [bytes])).map(essence)
  expect(whole.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200, 401, 401, 200, 404, 400])
  expect(
    (
      await answersTo(
        app,
        [...bytes].map(byte => Buffer.from([byte]))
      )
    ).map(essence)
  ).toEqual(whole)
})

test('two hundred requests in one write are answered in their order', async ({ app }) => {
  const bytes = Buffer.concat(
    Array.from({ length: 200 }, (_, index) => {
      const id = `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`
      return syncBytes({ key: testKey, connectorId: id })
    })
  )
  const answers = await answersTo(app, [bytes])
  expect(answers.map(({ body }) => JSON.parse(body).connector_id.slice(-3))).toEqual(
    Array.from({ length: 200 }, (_, index) => String(index).padStart(3, '0'))
  )
})
