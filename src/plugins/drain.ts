import fp from 'fastify-plugin'
import { isEnding, type ProcessState } from '../base/process-state.ts'
import { Problem } from '../contract/problem.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answered while the process drains. */
    health?: boolean
  }
}

/**
 * Once the end is announced each answer closes its connection, so that callers come back elsewhere. While the process drains,
 * requests on connections that are still open are refused.
 */
export const drain = fp<{ lifecycle: ProcessState }>(
  async function drain(scope, { lifecycle }) {
    scope.addHook('onRequest', function refuseWhileDraining(request, _reply, done) {
      if (!lifecycle.draining) return done()
      const health = request.routeOptions.config.health === true
      done(health ? undefined : new Problem('shutting_down', { retryAfter: 1 }))
    })
    // Not onRequest: a call that came before is answered now, and its connection is closed as well.
    scope.addHook('onSend', function closeBehindAnswer(_request, reply, payload, done) {
      if (isEnding(lifecycle)) reply.header('connection', 'close')
      done(null, payload)
    })
  },
  { name: 'drain', dependencies: ['problem-envelope'] }
)
