import fp from 'fastify-plugin'
import { isEnding, type ProcessState } from '../base/process-state.ts'
import { Problem } from '../contract/problem.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether the route answers also while the process drains. */
    health?: boolean
  }
}

/** Refuses requests while the process drains. Once the end is announced, answers close connections: callers go elsewhere. */
export const drain = fp<{ processState: ProcessState }>(
  async function drain(scope, { processState }) {
    scope.addHook('onRequest', function refuseWhileDraining(request, _reply, done) {
      if (!processState.draining) return done()
      const health = request.routeOptions.config.health === true
      done(health ? undefined : new Problem('shutting_down', { retryAfter: 1 }))
    })
    // Not onRequest: the connection of a call that came before is closed as well.
    scope.addHook('onSend', function closeBehindAnswer(_request, reply, payload, done) {
      if (isEnding(processState)) reply.header('connection', 'close')
      done(null, payload)
    })
  },
  { name: 'drain', dependencies: ['problem-envelope'] }
)
