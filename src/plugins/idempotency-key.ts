import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { type FieldError, Problem } from '../contract/problem.ts'

/** What is wrong with a request that has an Idempotency-Key. */
function faultWith(advice: string): FieldError {
  return {
    pointer: '/headers/idempotency-key',
    detail: `is not supported yet: send the request without it, and ${advice}`
  }
}

export type IdempotencyKeyOptions = {
  /** What to do in its place before a request is repeated. */
  advice: string
}

/**
 * Refuses an Idempotency-Key on routes that start or change something: whoever sends one would repeat the request and rely
 * on us to do it once. Before the body is read, and as a hook of the route: whoever may not use the route learns that first.
 */
export const idempotencyKey = fp<IdempotencyKeyOptions>(
  async function idempotencyKey(scope, { advice }) {
    const problem = { detail: 'Idempotency keys are not supported yet.', errors: [faultWith(advice)] }
    function refuseIdempotencyKey(
      { headers }: FastifyRequest,
      _reply: FastifyReply,
      done: (error?: Error) => void
    ) {
      const given = headers['idempotency-key'] !== undefined
      done(given ? new Problem('request_invalid', problem) : undefined)
    }
    scope.addHook('onRoute', function compileRefusal(route) {
      const reads = [route.method].flat().every(method => method === 'GET' || method === 'HEAD')
      if (!reads) route.onRequest = [route.onRequest ?? [], refuseIdempotencyKey].flat()
    })
  },
  { name: 'idempotency-key', dependencies: ['problem-envelope'] }
)
