import type { onRequestHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { isPermission, type Permission } from '../contract/permissions.ts'
import { Problem } from '../contract/problem.ts'
import { mayDo } from '../tenants/access-policy.ts'
import { callerOf } from './tenant-auth.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The permission that a tenant needs. Every route for tenants names one. */
    permission?: Permission
  }
}

/** Lets a tenant use only the routes that it is permitted. A route without a permission fails at boot: everybody could use it. */
export const authorize = fp(
  async function authorize(scope) {
    scope.addHook('onRoute', function compilePermission(route) {
      const permission = route.config?.permission
      if (!isPermission(permission)) throw new Error(`the route ${route.url} names no permission`)
      // Before the body is read, which cannot matter.
      const requirePermission: onRequestHookHandler = function requirePermission(request, _reply, done) {
        const isPermitted = mayDo(callerOf(request).tenant, permission)
        done(isPermitted ? undefined : Problem.of('permission_denied'))
      }
      // The route's hooks run after those of the scope, so a refusal is charged to the tenant's limit like any request.
      route.onRequest = [route.onRequest ?? [], requirePermission].flat()
    })
  },
  { name: 'authorize', dependencies: ['problem-envelope', 'tenant-auth', 'rate-limit'] }
)
