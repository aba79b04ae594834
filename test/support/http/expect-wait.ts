import { expect } from 'vitest'
import type { HttpAnswer } from './http-answer.ts'

/**
 * Returns `retry_after` of an answer whose caller should wait until `seconds` after some moment since `sinceMs` (of
 * `performance.now()`): never more than these seconds, and fewer only by what has passed since then.
 */
export function expectWait(answer: HttpAnswer | undefined, seconds: number, sinceMs: number): number {
  const { retry_after } = JSON.parse(answer?.body ?? '{}') as { retry_after?: number }
  expect(retry_after).toBeOneOf(Array.from({ length: seconds }, (_, index) => index + 1))
  expect(retry_after).toBeGreaterThanOrEqual(seconds - (performance.now() - sinceMs) / 1000)
  return retry_after as number
}
