import { expect } from 'vitest'
import { MemoryLimiter } from '../../src/limits/memory-limiter.ts'
import { opened, test as plainTest } from '../support/fixtures/test.ts'
import { startTestApp, type TestApp, testKey } from '../support/fixtures/test-app.ts'
import { expectProblem } from '../support/http/expect-problem.ts'
import { type HttpAnswer, header } from '../support/http/http-answer.ts'
import { rawRequest } from '../support/http/raw-connection.ts'
import { type RequestParts, syncBytes } from '../support/http/request-bytes.ts'

const connectorId = '00000000-0000-4000-8000-000000000000'

// The test tenant has 60 calls a minute, 3 at once.
let nowUs = 0
const test = plainTest.extend(
  'app',
  opened(() => {
    nowUs = 5_000_000
    return startTestApp({
      limiters: {
        tenants: new MemoryLimiter('tenant', () => nowUs),
        failures: new MemoryLimiter('unauthenticated', () => nowUs)
      }
    })
  })
)

async function send(app: TestApp, parts: RequestParts = {}): Promise<HttpAnswer> {
  const [answer] = await rawRequest(app.port, syncBytes({ key: testKey, connectorId }, parts))
  if (answer === undefined) throw new Error('no answer')
  return answer
}

test('the headers give the policy, the rest, and when the limit is full again', async ({ app }) => {
  const limits: (string | undefined)[] = []
  for (let call = 0; call < 3; call++) limits.push(header(await send(app), 'ratelimit'))
  expect(limits).toEqual(['"tenant";r=2;t=1', '"tenant";r=1;t=2', '"tenant";r=0;t=3'])
  const refused = await send(app)
  expectProblem(refused, 'rate_limited', { retryAfter: 1 })
  expect(header(refused, 'ratelimit')).toBe('"tenant";r=0;t=3')
  expect(header(refused, 'ratelimit-policy')).toBe('"tenant";q=60;w=60')
})

test('Retry-After is rounded up, and a caller that waits it out is admitted', async ({ app }) => {
  for (let call = 0; call < 3; call++) await send(app)
  nowUs += 1
  expectProblem(await send(app), 'rate_limited', { retryAfter: 1 })
  nowUs += 999_998
  expectProblem(await send(app), 'rate_limited', { retryAfter: 1 })
  nowUs += 1
  expect((await send(app)).status).toBe(200)
  expect((await send(app)).status).toBe(429)
})

test('a charged request that is then invalid still counts, and its answer describes the limit', async ({
  app
}) => {
  const answer = await send(app, { body: '{' })
  expectProblem(answer, 'request_malformed')
  expect(header(answer, 'ratelimit')).toBe('"tenant";r=2;t=1')
})

test('a request over the limit is refused before its body is read', async ({ app }) => {
  for (let call = 0; call < 3; call++) await send(app)
  expectProblem(await send(app, { body: '', framing: 'Content-Length: 16000' }), 'rate_limited', {
    retryAfter: 1
  })
})

test('a request refused before authentication is not charged to the tenant', async ({ app }) => {
  for (let call = 0; call < 5; call++) await send(app, { more: ['Host: twice'] })
  for (let call = 0; call < 5; call++) await send(app, { method: 'PUT' })
  expect(header(await send(app), 'ratelimit')).toBe('"tenant";r=2;t=1')
})
