import type { onRequestHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { isOperation, type Operation } from '../contract/operations.ts'
import { Problem } from '../contract/problem.ts'
import { mayDo } from '../tenants/access-policy.ts'
import { callerOf } from './tenant-auth.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The operation that a tenant must be permitted. Every route for tenants names one. */
    permission?: Operation
  }
}

/** Lets a tenant use only the routes of permitted operations. A route without one fails at boot: everybody could use it. */
export const authorize = fp(
  async function authorize(scope) {
    scope.addHook('onRoute', function compilePermission(route) {
      const operation = route.config?.permission
      if (!isOperation(operation)) throw new Error(`the route ${route.url} names no permission`)
      // Before the body is read, which cannot matter.
      const requirePermission: onRequestHookHandler = function requirePermission(request, _reply, done) {
        const isPermitted = mayDo(callerOf(request).tenant, operation)
        done(isPermitted ? undefined : new Problem('permission_denied'))
      }
      // The route's hooks run after those of the scope, so a refusal is charged to the tenant's limit like any request.
      route.onRequest = [route.onRequest ?? [], requirePermission].flat()
    })
  },
  { name: 'authorize', dependencies: ['problem-envelope', 'tenant-auth', 'rate-limit'] }
)
