import { expect } from 'vitest'
import type {
  FieldError,
  Forwarded,
  ProblemBody,
  ProblemCode,
  UpstreamFacts
} from '../../../src/contract/problem.ts'
import { type ProblemKind, problemTable } from '../../../src/contract/problem-table.ts'
import { type RefusalCode, refusalTable } from '../../../src/contract/refusal-table.ts'
import { type HttpAnswer, header } from './http-answer.ts'

const uuidv7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** Headers that a problem may have; each value is checked by whoever expects it. */
const known = new Set([
  'content-type',
  'content-length',
  'cache-control',
  'connection',
  'keep-alive',
  'date',
  'x-request-id',
  'www-authenticate',
  'retry-after',
  'allow',
  'ratelimit',
  'ratelimit-policy'
])

/** The members of the envelope that depend on the case. Those left out must be absent, `forwarded` must be `no`. */
export type ExpectedProblem = {
  readonly forwarded?: Forwarded
  readonly errors?: readonly FieldError[]
  readonly retryAfter?: number
  readonly upstream?: UpstreamFacts
}

/** Those of the public table, and those that only the admin listener knows: to repeat such a request never helps. */
const kinds: Readonly<
  Record<ProblemCode | RefusalCode, Pick<ProblemKind, 'status' | 'title' | 'retryable' | 'action'>>
> = {
  ...problemTable,
  ...(Object.fromEntries(
    Object.entries(refusalTable).map(([code, kind]) => [
      code,
      { ...kind, title: inWords(code), retryable: false }
    ])
  ) as Record<RefusalCode, Pick<ProblemKind, 'status' | 'title' | 'retryable' | 'action'>>)
}

/** Passes only for exactly the contract's envelope: every member, its type, no other, and headers that agree. */
export function expectProblem(
  answer: HttpAnswer | undefined,
  code: ProblemCode | RefusalCode,
  { forwarded = 'no', errors, retryAfter, upstream }: ExpectedProblem = {}
): ProblemBody {
  if (answer === undefined) throw new Error(`no answer at all, expected ${code}`)
  const { status, title, retryable, action } = kinds[code]
  // Only 503 says that the upstream has not begun.
  const failedMidway = code === 'upstream_failed' && upstream !== undefined && upstream.status !== 503
  const body = JSON.parse(answer.body) as ProblemBody
  expect(body).toStrictEqual({
    type: `/problems/${code}`,
    title,
    status,
    detail: expect.stringMatching(/^[\x20-\x7e]+\.$/),
    code,
    action,
    request_id: expect.stringMatching(uuidv7),
    // A call that may have been carried out is not called retryable.
    retryable: retryable && forwarded !== 'unknown' && !failedMidway,
    forwarded,
    ...(errors && { errors }),
    ...(retryAfter !== undefined && { retry_after: retryAfter }),
    ...(upstream && { upstream })
  })
  // The action of this code sends the caller there.
  if (code === 'request_invalid') expect(body.errors?.length).toBeGreaterThan(0)
  expect(answer.status).toBe(status)
  expect(header(answer, 'content-type')).toBe('application/problem+json')
  expect(header(answer, 'cache-control')).toBe('no-store')
  expect(header(answer, 'content-length')).toBe(String(Buffer.byteLength(answer.body)))
  expect(header(answer, 'x-request-id')).toBe(body.request_id)
  expect(header(answer, 'retry-after')).toBe(retryAfter === undefined ? undefined : String(retryAfter))
  expect(header(answer, 'www-authenticate')).toBe(code === 'credentials_invalid' ? 'Bearer' : undefined)
  expect(header(answer, 'allow') !== undefined).toBe(code === 'method_not_allowed')
  expect(answer.headers.map(([name]) => name).filter(name => !known.has(name))).toEqual([])
  return body
}

/** A refusal's title: its code in words. */
function inWords(code: string): string {
  return (code.charAt(0).toUpperCase() + code.slice(1)).replaceAll('_', ' ')
}
