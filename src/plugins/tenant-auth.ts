import assert from 'node:assert/strict'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Problem } from '../contract/problem.ts'
import { gateOf } from '../http/connections/connection-gate.ts'
import { networkOf } from '../http/connections/network-of.ts'
import { failAttempt } from '../identity/authentication-failure.ts'
import type { Caller, Directory } from '../identity/directory.ts'
import type { JwtAuthenticator } from '../identity/jwt/authenticate.ts'
import type { ClientCertificates } from '../identity/mtls/client-certificates.ts'
import { mayCallFrom } from '../tenants/access-policy.ts'
import { type Limiter, rateLimited } from './rate-limit-headers.ts'

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller | null
  }
}

/** Where callers are looked up who prove themselves otherwise than by a key. Absent where that is not configured. */
export type OtherAuthenticators = {
  readonly tokens?: Pick<JwtAuthenticator, 'authenticate' | 'refuse'> | undefined
  readonly certificates?: Pick<ClientCertificates, 'authenticate'> | undefined
}

export type TenantAuthOptions = OtherAuthenticators & {
  directory: Pick<Directory, 'authenticate'>
  /** Counts failures, by address. */
  failures: Limiter
}

/** How often one address may fail: enough for a misconfigured fleet behind one address to be diagnosed. */
const failureLimit = { ratePerMinute: 60, burst: 100 }

/** Admits to this scope only requests that carry the proof of a live tenant: a key, a token, or a certificate below them. */
export const tenantAuth = fp<TenantAuthOptions>(
  async function tenantAuth(scope, { failures, ...proofs }) {
    scope.decorateRequest('caller', null)

    // onRequest, not preHandler: a stranger's body is never read.
    scope.addHook('onRequest', function admitTenant(request, reply, done) {
      function settle(caller: Caller | null): void {
        request.caller = caller === null ? null : onlyFromHome(caller, request)
        if (request.caller !== null) gateOf(request.raw.socket)?.recognize()
        done(request.caller === null ? rejectUnauthenticated(request, reply, failures) : undefined)
      }
      const caller = callerBehind(request, proofs)
      if (caller instanceof Promise) caller.then(settle, done)
      else settle(caller)
    })
  },
  { name: 'tenant-auth', dependencies: ['problem-envelope', 'request-context'] }
)

/** Three parts between dots: a signed token. A key has no dots. */
const tokenForm = /^[^.]+\.[^.]+\.[^.]*$/

/** Who sent a request. What stands in its headers counts alone: a bad key there is not made good by a certificate. */
function callerBehind(
  request: FastifyRequest,
  { directory, tokens, certificates }: Omit<TenantAuthOptions, 'failures'>
): Caller | null | Promise<Caller | null> {
  const key = presentedKey(request)
  const { call } = request
  const now = Date.now()
  if (key === null)
    return certificates
      ? certificates.authenticate(request.raw.socket, now, call)
      : failAttempt(call, { reason: 'missing' })
  if (tokens && tokenForm.test(key))
    return request.headers.authorization === undefined
      ? tokens.refuse('token_in_key_header', call)
      : tokens.authenticate(key, now, call)
  return directory.authenticate(key, now, call)
}

/** From elsewhere a genuine proof is as good as none: who stole it does not even learn that it is one. */
function onlyFromHome(caller: Caller, { call }: FastifyRequest): Caller | null {
  const { tenant, keyId } = caller
  if (mayCallFrom(tenant, call.clientIp)) return caller
  return failAttempt(call, { reason: 'address', tenant: tenant.name, keyId })
}

/** The admitted caller. Without one this route was wired outside the tenant scope: our bug, a 500. */
export function callerOf(request: Pick<FastifyRequest, 'caller'>): Caller {
  assert(request.caller, 'this route is outside the tenant scope')
  return request.caller
}

/** The refusal of a stranger, who is counted by address. */
export function rejectUnauthenticated(
  request: FastifyRequest,
  reply: FastifyReply,
  failures: Limiter
): Problem {
  const verdict = failures.take(networkOf(request.call.countedAs), failureLimit)
  // One answer for missing, malformed, unknown, expired, revoked and disabled, so that a probe learns nothing.
  if (verdict.allowed) return new Problem('credentials_invalid')
  return rateLimited(failures.name, failureLimit, verdict, reply)
}

/**
 * The key or token in the headers, '' for one in no form that is taken, null for none. The same may stand in both headers,
 * as clients send it that fill in every scheme they know. Throws `request_malformed` for two.
 */
export function presentedKey({ headers }: Pick<FastifyRequest, 'headers'>): string | null {
  const { authorization, 'x-api-key': apiKey } = headers
  if (authorization === undefined) return typeof apiKey === 'string' ? apiKey : null
  const bearer = /^Bearer +(\S+)$/i.exec(authorization)?.[1]
  // Both came from the caller: how long their comparison takes tells nothing of a key that is stored.
  if (apiKey !== undefined && apiKey !== bearer)
    throw new Problem('request_malformed', {
      detail: 'Authorization and X-API-KEY hold different credentials: send one of them, or the same in both.'
    })
  return bearer ?? ''
}
