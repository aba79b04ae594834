import fp from 'fastify-plugin'
import type { ProcessState } from '../base/process-state.ts'
import { Problem } from '../contract/problem.ts'

/** Refuses every request while the process has no master key: without it no caller can be authenticated. */
export const requireUnsealed = fp<{ processState: ProcessState }>(
  async function requireUnsealed(scope, { processState }) {
    const problem = new Problem('sealed', { retryAfter: 1 })
    scope.addHook('onRequest', function refuseWhileSealed(_request, _reply, done) {
      done(processState.sealed ? problem : undefined)
    })
  },
  { name: 'require-unsealed', dependencies: ['problem-envelope'] }
)
