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
      const verdict = limiter.take(tenant.name, tenant)
      if (!verdict.allowed) return done(rateLimited(limiter.name, tenant, verdict, reply))
      describeLimit(limiter.name, tenant, verdict, reply)
      done()
    })
  },
  { name: 'rate-limit', dependencies: ['problem-envelope', 'tenant-auth'] }
)

/** The refusal by a limit, with the headers that describe it. */
export function rateLimited(name: string, limit: Limit, verdict: Verdict, reply: FastifyReply): Problem {
  describeLimit(name, limit, verdict, reply)
  const retryAfter = wholeSeconds(verdict.retryAfterUs)
  return new Problem('rate_limited', { detail: `The limit "${name}" is used up.`, retryAfter })
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
