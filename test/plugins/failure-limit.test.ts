import { afterAll, beforeAll, expect, test } from 'vitest'
import { MemoryLimiter } from '../../src/limits/memory-limiter.ts'
import { startTestApp, type TestApp, testKey } from '../support/fixtures/test-app.ts'
import { expectProblem } from '../support/http/expect-problem.ts'
import { header } from '../support/http/http-answer.ts'
import { rawConnection, rawRequest } from '../support/http/raw-connection.ts'
import { syncBytes } from '../support/http/request-bytes.ts'

const connectorId = '00000000-0000-4000-8000-000000000000'
const stranger = syncBytes({ key: 'wrong', connectorId })

let nowUs = 1_000_000
let app: TestApp
beforeAll(async () => {
  const clock = () => nowUs
  app = await startTestApp({
    limiters: {
      tenants: new MemoryLimiter('tenant', clock),
      failures: new MemoryLimiter('unauthenticated', clock)
    }
  })
})
afterAll(() => app.close())

/** Sends so many strangers' requests on one connection; the statuses of the answers. */
async function fail(count: number, from: string): Promise<number[]> {
  const connection = await rawConnection(app.port, { from })
  connection.write(Buffer.concat(Array<Buffer>(count).fill(stranger)))
  const answers = await connection.answers(count)
  connection.close()
  return answers.map(({ status }) => status)
}

test('an address that fails too often is limited, others and valid keys are not, and Retry-After is true', async () => {
  const from = '127.2.0.1'
  expect(await fail(100, from)).toEqual(Array(100).fill(401))
  const [refused] = await rawRequest(app.port, stranger, { from })
  const { retry_after = 0 } = JSON.parse(refused?.body ?? '')
  const { detail } = expectProblem(refused, 'rate_limited', { retryAfter: retry_after })
  expect(detail).toBe('The limit "unauthenticated" is used up.')
  expect(refused && header(refused, 'ratelimit-policy')).toBe('"unauthenticated";q=60;w=60')
  expect(refused && header(refused, 'ratelimit')).toMatch(/^"unauthenticated";r=0;t=[0-9]+$/)

  const [valid] = await rawRequest(app.port, syncBytes({ key: testKey, connectorId }), { from })
  expect(valid?.status).toBe(200)
  expect(await fail(1, '127.2.0.2')).toEqual([401])

  nowUs += retry_after * 1_000_000
  expect(await fail(1, from)).toEqual([401])
  expect(await fail(1, from)).toEqual([429])
})

test('refused requests do not make an address wait longer', async () => {
  const from = '127.2.0.3'
  await fail(100, from)
  await fail(200, from)
  nowUs += 1_000_000
  expect(await fail(2, from)).toEqual([401, 429])
})
