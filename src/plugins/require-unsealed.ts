import fp from 'fastify-plugin'
import type { Lifecycle } from '../base/process-state.ts'
import { Problem } from '../contract/problem.ts'

/** While the process has no master key, nobody can be told from anybody: whoever calls is refused, before all else. */
export const sealed = fp<{ lifecycle: Lifecycle }>(
  async function sealed(scope, { lifecycle }) {
    scope.addHook('onRequest', function refuseWhileSealed(_request, _reply, done) {
      done(lifecycle.sealed ? new Problem('sealed', { retryAfter: 1 }) : undefined)
    })
  },
  { name: 'sealed', dependencies: ['problem-envelope'] }
)
