import { expect } from 'vitest'
import type { ProblemBody, ProblemCode } from '../../../src/contract/problem.ts'
import type { TestGateway } from '../fixtures/test-gateway.ts'
import { type ExpectedProblem, expectProblem } from './expect-problem.ts'
import { header } from './http-answer.ts'
import { rawConnection } from './raw-connection.ts'
import { requestBytes } from './request-bytes.ts'

/** Put into an input to see whether any of it comes back. */
export const marker = 'Zq9xMarker7'

const probe = requestBytes({ method: 'GET', target: '/livez', more: ['Connection: close'] })

/**
 * Sends bytes and passes only if they are refused with this problem, and nothing else happened: nothing went upstream,
 * nothing that was sent came back, and the same connection, unless the answer closed it, goes on with the next
 * request and not with what was left of this one.
 */
export async function expectRefusal(
  gateway: Pick<TestGateway<unknown>, 'port' | 'sandbox' | 'key'>,
  bytes: string | Buffer,
  code: ProblemCode,
  expected: ExpectedProblem = {}
): Promise<ProblemBody> {
  const received = gateway.sandbox.counters().requests
  const connection = await rawConnection(gateway.port)
  connection.write(bytes)
  const [answer] = await connection.answers(1)
  const problem = expectProblem(answer, code, expected)
  const closes = answer !== undefined && header(answer, 'connection') === 'close'
  if (!closes) connection.write(probe)
  const answers = await connection.ended
  expect(answers.slice(1).map(({ status }) => status)).toEqual(closes ? [] : [200])
  const text = JSON.stringify(answers)
  for (const secret of [marker, gateway.key]) expect(text).not.toContain(secret)
  expect(gateway.sandbox.counters().requests).toBe(received)
  return problem
}
