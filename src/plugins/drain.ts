import fp from 'fastify-plugin'
import { isEnding, type Lifecycle } from '../lifecycle.ts'
import { Problem } from '../problems.ts'

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
export const drain = fp<{ lifecycle: Lifecycle }>(
  async function drain(scope, { lifecycle }) {
    scope.addHook('onRequest', function refuseWhileDraining(request, reply, done) {
      if (!isEnding(lifecycle)) return done()
      reply.header('connection', 'close')
      if (!lifecycle.draining) return done()
      const health = request.routeOptions.config.health === true
      done(health ? undefined : new Problem('shutting_down', { retryAfter: 1 }))
    })
  },
  { name: 'drain', dependencies: ['problem-envelope'] }
)
