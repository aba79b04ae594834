import type { onRequestHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { Problem } from '../contract/problem.ts'

/**
 * Refuses an Idempotency-Key on routes that start or change something: its caller would repeat the request and rely on us to do
 * it once. `advice` says what to do instead. As a hook of the route it runs after authorization, and before the body is read.
 */
export const idempotencyKey = fp<{ advice: string }>(
  async function idempotencyKey(scope, { advice }) {
    const detail = `is not supported yet: send the request without it, and ${advice}`
    const problem = new Problem('request_invalid', {
      detail: 'Idempotency keys are not supported yet.',
      errors: [{ pointer: '/headers/idempotency-key', detail }]
    })
    const refuseIdempotencyKey: onRequestHookHandler = function refuseIdempotencyKey(
      { headers },
      _reply,
      done
    ) {
      const given = headers['idempotency-key'] !== undefined
      done(given ? problem : undefined)
    }
    scope.addHook('onRoute', function compileRefusal(route) {
      const reads = [route.method].flat().every(method => method === 'GET' || method === 'HEAD')
      if (!reads) route.onRequest = [route.onRequest ?? [], refuseIdempotencyKey].flat()
    })
  },
  { name: 'idempotency-key', dependencies: ['problem-envelope'] }
)
