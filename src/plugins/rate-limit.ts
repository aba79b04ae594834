import type { FastifyReply } from 'fastify'
import fp from 'fastify-plugin'
import { type Limit, type Verdict, wholeSeconds } from '../limits/gcra.ts'
import type { MemoryLimiter } from '../limits/memory-limiter.ts'
import { Problem } from '../problems.ts'
import { callerOf } from './tenant-auth.ts'

export type Limiter = Pick<MemoryLimiter, 'name' | 'take'>

/** Charges each admitted request to its tenant's limit, before the body is read, and tells where the limit stands. */
export const rateLimit = fp<{ limiter: Limiter }>(
  async function rateLimit(scope, { limiter }) {
    scope.addHook('onRequest', function chargeTenant(request, reply, done) {
      const { tenant } = callerOf(request)
      done(charge(limiter, tenant.name, tenant, reply))
    })
  },
  { name: 'rate-limit', dependencies: ['problem-envelope', 'tenant-auth'] }
)

/** Takes one request from a bucket and describes the limit in the answer's headers. The refusal, or undefined. */
export function charge(
  limiter: Limiter,
  key: string,
  limit: Limit,
  reply: FastifyReply
): Problem | undefined {
  const verdict = limiter.take(key, limit)
  describeLimit(limiter.name, limit, verdict, reply)
  if (verdict.allowed) return undefined
  return new Problem('rate_limited', {
    detail: `The limit "${limiter.name}" is used up.`,
    retryAfter: wholeSeconds(verdict.retryAfterUs)
  })
}

/** Structured fields of draft-ietf-httpapi-ratelimit-headers: q requests in w seconds, r left now, t until full again. */
function describeLimit(
  name: string,
  { ratePerMinute }: Limit,
  { remaining, resetUs }: Verdict,
  reply: FastifyReply
): void {
  reply.header('ratelimit-policy', `"${name}";q=${ratePerMinute};w=60`)
  reply.header('ratelimit', `"${name}";r=${remaining};t=${wholeSeconds(resetUs)}`)
}
