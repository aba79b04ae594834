import fp from 'fastify-plugin'
import { Problem } from '../problems.ts'

/** What is wrong with a request that has an Idempotency-Key. */
export const idempotencyKeyFault = {
  pointer: '/headers/idempotency-key',
  detail:
    'is not supported yet: send the request without it, and look at `retryable` and `forwarded` before you repeat it'
} as const

/**
 * Refuses an Idempotency-Key on routes that start something: whoever sends one would repeat the call and rely on us to
 * start it once. Before the body is read.
 */
export const idempotencyKey = fp(
  async function idempotencyKey(scope) {
    scope.addHook('onRequest', function refuseIdempotencyKey(request, _reply, done) {
      const { headers, routeOptions } = request
      if (headers['idempotency-key'] === undefined || routeOptions.config.ledger === undefined) return done()
      done(
        new Problem('request_invalid', {
          detail: 'Idempotency keys are not supported yet.',
          errors: [idempotencyKeyFault]
        })
      )
    })
  },
  { name: 'idempotency-key', dependencies: ['problem-envelope', 'tenant-auth', 'rejection-record'] }
)
