import fp from 'fastify-plugin'
import type { Lifecycle } from '../lifecycle.ts'
import { Problem } from '../problems.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answered while the process drains. */
    health?: boolean
  }
}

/** While the process drains, requests on connections that are still open are refused, and the connections closed. */
export const drain = fp<{ lifecycle: Lifecycle }>(
  async function drain(scope, { lifecycle }) {
    scope.addHook('onRequest', function refuseWhileDraining(request, reply, done) {
      if (!lifecycle.draining) return done()
      reply.header('connection', 'close')
      const health = request.routeOptions.config.health === true
      done(health ? undefined : new Problem('shutting_down', { retryAfter: 1 }))
    })
  },
  { name: 'drain', dependencies: ['problem-envelope'] }
)
