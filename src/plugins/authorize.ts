import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { isOperation, type Operation } from '../contract/operations.ts'
import { Problem } from '../contract/problem.ts'
import { mayDo } from '../tenants/access-policy.ts'
import { callerOf } from './tenant-auth.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a tenant must be permitted to use this route. Every route for tenants names it. */
    permission?: Operation
  }
}

/**
 * Lets a tenant use only the routes of operations that it is permitted. A route registered after it that names no
 * operation fails at boot: one that was forgotten would be open to everybody.
 */
export const authorize = fp(
  async function permission(scope) {
    scope.addHook('onRoute', function compilePermission(route) {
      const operation = route.config?.permission
      if (!isOperation(operation)) throw new Error(`the route ${route.url} names no permission`)
      // A hook of the route runs after those of the scope: a refusal is charged to the tenant's limit like any request.
      route.onRequest = [[route.onRequest ?? []].flat(), requirePermission(operation)].flat()
    })
  },
  { name: 'authorize', dependencies: ['problem-envelope', 'tenant-auth', 'rate-limit'] }
)

/** Before the body is read: what it says cannot matter. */
function requirePermission(operation: Operation) {
  return function refuseUnpermitted(
    request: FastifyRequest,
    _reply: FastifyReply,
    done: (error?: Error) => void
  ) {
    const isPermitted = mayDo(callerOf(request).tenant, operation)
    done(isPermitted ? undefined : new Problem('permission_denied'))
  }
}
