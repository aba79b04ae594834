import assert from 'node:assert/strict'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Problem } from '../../contract/problem.ts'
import { gateOf } from '../../http/connections/connection-gate.ts'
import type { AdminCaller, AdminKeyDirectory } from '../../identity/admin-key-directory.ts'
import { failAttempt } from '../../identity/authentication-failure.ts'
import type { Limiter } from '../../limits/limiter.ts'
import type { AdminRole } from '../../tenants/keys/admin-key-rows.ts'
import { presentedKey, rejectUnauthenticated } from '../tenant-auth.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The role that the route requires. Every route that needs an admin key has one. */
    role?: AdminRole
  }
  interface FastifyRequest {
    administrator: AdminCaller | null
  }
}

/** The roles that a role includes. */
const permitted: Readonly<Record<AdminRole, readonly AdminRole[]>> = {
  viewer: ['viewer'],
  operator: ['viewer', 'operator']
}

export const roleNotEnough = 'The role of your admin key does not permit this.'

/** Admits to this scope only requests with a valid admin key whose role suffices for the route. Failures count by network. */
export const adminAuth = fp<{ adminKeys: Pick<AdminKeyDirectory, 'authenticate'>; failures: Limiter }>(
  async function adminAuth(scope, { adminKeys, failures }) {
    scope.decorateRequest('administrator', null)

    // At boot, so that no route is added without a decision on who may use it.
    scope.addHook('onRoute', function requireRole({ method, url, config }) {
      if (!config?.role) throw new Error(`the admin route ${method} ${url} declares no role`)
    })

    scope.addHook('onRequest', function admitAdministrator(request, reply, done) {
      // Newly issued keys are in some answers: no cache may keep them.
      reply.header('cache-control', 'no-store')
      const key = presentedKey(request)
      const administrator = adminKeys.authenticate(key ?? '', Date.now(), request.call)
      if (key === null) failAttempt(request.call, { reason: 'missing' })
      request.administrator = administrator
      if (administrator === null) return done(rejectUnauthenticated(request, reply, failures))
      gateOf(request.raw.socket)?.authenticate()
      const { role } = request.routeOptions.config
      if (role && permitted[administrator.role].includes(role)) return done()
      done(new Problem('permission_denied', { detail: roleNotEnough }))
    })
  },
  { name: 'admin-auth', dependencies: ['problem-envelope', 'request-context'] }
)

/** The authenticated administrator. Without one the route was registered outside the admin scope: our bug, a 500. */
export function administratorOf(
  request: Pick<FastifyRequest, 'administrator' | 'id'>
): AdminCaller & { readonly requestId: string } {
  assert(request.administrator, 'this route is outside the admin scope')
  return { ...request.administrator, requestId: request.id }
}
