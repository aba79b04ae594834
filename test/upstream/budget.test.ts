import fc from 'fast-check'
import { describe, expect } from 'vitest'
import { Budget } from '../../src/upstream/budget.ts'
import { test } from '../support/fixtures/test.ts'
import { expectProblem } from '../support/http/expect-problem.ts'
import { rawRequest } from '../support/http/raw-connection.ts'
import { syncBytes } from '../support/http/request-bytes.ts'

/** Takes one call; the seconds to wait when there is no room for it. */
function refusedFor(budget: Budget, credential = 'default'): number | undefined {
  return budget.take(credential)?.retryAfter
}

test('in any minute no more calls pass than the upstream grants, whatever the pauses', () => {
  const pauses = fc.array(fc.integer({ min: 0, max: 3_000_000 }), { minLength: 50, maxLength: 400 })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 }), pauses, (granted, pausesUs) => {
      let nowUs = 0
      const budget = new Budget({ perCredential: granted, perEgress: 1_000_000 }, () => nowUs)
      const admittedAt: number[] = []
      for (const pauseUs of pausesUs) {
        nowUs += pauseUs
        if (refusedFor(budget) === undefined) admittedAt.push(nowUs)
      }
      for (const [index, from] of admittedAt.entries()) {
        const within = admittedAt.slice(index).filter(at => at - from < 60_000_000)
        expect(within.length).toBeLessThanOrEqual(granted)
      }
    }),
    { numRuns: 60 }
  )
})

test('a caller that waits for Retry-After is admitted', () => {
  let nowUs = 0
  const budget = new Budget({ perCredential: 30, perEgress: 40 }, () => nowUs)
  for (let call = 0; call < 100; call++) {
    const seconds = refusedFor(budget)
    if (seconds === undefined) continue
    nowUs += seconds * 1_000_000
    expect(refusedFor(budget)).toBeUndefined()
  }
})

test('a call that one budget refuses is not charged to the other', () => {
  let nowUs = 0
  const budget = new Budget({ perCredential: 20, perEgress: 1_000_000 }, () => nowUs)
  while (refusedFor(budget, 'first') === undefined);
  const fresh = new Budget({ perCredential: 1_000_000, perEgress: 20 }, () => nowUs)
  while (refusedFor(fresh, 'first') === undefined);
  // The egress is used up: the refusals must not have charged the other credential.
  for (let call = 0; call < 50; call++) expect(refusedFor(fresh, 'second')).toBeDefined()
  nowUs += 60_000_000
  expect(refusedFor(fresh, 'second')).toBeUndefined()
  // A credential that is used up does not use up the egress for others.
  expect(refusedFor(budget, 'second')).toBeUndefined()
})

describe('over a socket', () => {
  test('a spent budget answers upstream_busy, and nothing goes upstream', async ({ startGateway }) => {
    const gateway = await startGateway({ env: { GATEWAY_UPSTREAM_BUDGET_PER_MINUTE: '2' } })
    const call = syncBytes({ key: gateway.key, connectorId: gateway.connectors.sharepoint })
    const [first] = await rawRequest(gateway.port, call)
    const [second] = await rawRequest(gateway.port, call)
    const received = gateway.sandbox.requests().length
    const rejected = gateway.entries().filter(({ kind }) => kind === 'call.rejected')
    expect(first?.status).toBe(200)
    const { retry_after } = JSON.parse(second?.body ?? '')
    expect(retry_after).toBeGreaterThan(0)
    expect(retry_after).toBeLessThanOrEqual(60)
    expectProblem(second, 'upstream_busy', { retryAfter: retry_after })
    expect(received).toBe(1)
    expect(rejected.length).toBeLessThanOrEqual(1)
  })
})
