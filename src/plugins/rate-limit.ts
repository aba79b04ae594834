import fp from 'fastify-plugin'
import type { Limiter } from '../limits/limiter.ts'
import { describeLimit, rateLimited } from './rate-limit-headers.ts'
import { callerOf } from './tenant-auth.ts'

/** Charges each admitted request to its tenant's limit, before the body is read, and describes the limit in the headers. */
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
