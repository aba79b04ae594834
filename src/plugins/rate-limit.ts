import type { FastifyReply } from 'fastify'
import fp from 'fastify-plugin'
import { wholeSeconds } from '../limits/gcra.ts'
import type { Decision, MemoryLimiter } from '../limits/memory-limiter.ts'
import { Problem } from '../problems.ts'
import { callerOf } from './tenant-auth.ts'

/** Charges each admitted request to its tenant's limit, before the body is read, and tells where the limit stands. */
export const rateLimit = fp<{ limiter: Pick<MemoryLimiter, 'take'> }>(
  async function rateLimit(scope, { limiter }) {
    scope.addHook('onRequest', function chargeTenant(request, reply, done) {
      const { tenant } = callerOf(request)
      const decision = limiter.take([{ name: 'tenant', key: `tenant ${tenant.name}`, limit: tenant }])
      if (!decision.allowed) return done(rateLimited(decision, reply))
      describeLimit(decision, reply)
      done()
    })
  },
  { name: 'rate-limit', dependencies: ['problem-envelope', 'tenant-auth'] }
)

/** The refusal by a limit, with the headers that describe it. */
export function rateLimited(decision: Decision, reply: FastifyReply): Problem {
  describeLimit(decision, reply)
  return new Problem('rate_limited', {
    detail: `The limit "${decision.charge.name}" is used up.`,
    retryAfter: wholeSeconds(decision.retryAfterUs)
  })
}

/** Structured fields of draft-ietf-httpapi-ratelimit-headers: q requests in w seconds, r left now, t until full again. */
function describeLimit({ charge, remaining, resetUs }: Decision, reply: FastifyReply): void {
  reply.header('ratelimit-policy', `"${charge.name}";q=${charge.limit.ratePerMinute};w=60`)
  reply.header('ratelimit', `"${charge.name}";r=${remaining};t=${wholeSeconds(resetUs)}`)
}
