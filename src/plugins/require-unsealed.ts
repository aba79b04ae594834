import fp from 'fastify-plugin'
import type { ProcessState } from '../base/process-state.ts'
import { Problem } from '../contract/problem.ts'

/** While the process has no master key, nobody can be told from anybody: whoever calls is refused, before all else. */
export const requireUnsealed = fp<{ lifecycle: ProcessState }>(
  async function sealed(scope, { lifecycle }) {
    scope.addHook('onRequest', function refuseWhileSealed(_request, _reply, done) {
      done(lifecycle.sealed ? new Problem('sealed', { retryAfter: 1 }) : undefined)
    })
  },
  { name: 'require-unsealed', dependencies: ['problem-envelope'] }
)
