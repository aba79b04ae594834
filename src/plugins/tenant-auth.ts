import assert from 'node:assert/strict'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Problem } from '../contract/problem.ts'
import { networkOf } from '../http/caller-address.ts'
import { gateOf } from '../http/connections/connection-gate.ts'
import { failAttempt } from '../identity/authentication-failure.ts'
import type { Caller, Directory } from '../identity/directory.ts'
import type { JwtAuthenticator } from '../identity/jwt/authenticate.ts'
import type { ClientCertificates } from '../identity/mtls/client-certificates.ts'
import type { Limiter } from '../limits/limiter.ts'
import { mayCallFrom } from '../tenants/access-policy.ts'
import { rateLimited } from './rate-limit-headers.ts'

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller | null
  }
}

/** Authenticators beside API keys; absent where they are not configured. */
export type OtherAuthenticators = {
  readonly tokens?: Pick<JwtAuthenticator, 'authenticate' | 'refuse'> | undefined
  readonly certificates?: Pick<ClientCertificates, 'authenticate'> | undefined
}

export type TenantAuthOptions = OtherAuthenticators & {
  directory: Pick<Directory, 'authenticate'>
  /** Counts failures, by address. */
  failures: Limiter
}

/** How often one address may fail: enough to diagnose a misconfigured fleet behind one address. */
const failureLimit = { ratePerMinute: 60, burst: 100 }

/** Admits to this scope only requests that authenticate as an enabled tenant: by key, token or client certificate. */
export const tenantAuth = fp<TenantAuthOptions>(
  async function tenantAuth(scope, { failures, ...authenticators }) {
    scope.decorateRequest('caller', null)

    // onRequest, not preHandler: no body is read before authentication.
    scope.addHook('onRequest', function admitTenant(request, reply, done) {
      const found = authenticate(request, authenticators)
      if (found instanceof Promise)
        found.then(caller => done(refusalOf(caller, request, reply, failures)), done)
      else done(refusalOf(found, request, reply, failures))
    })
  },
  { name: 'tenant-auth', dependencies: ['problem-envelope', 'request-context'] }
)

/** A signed token has three parts between dots; a key has no dots. */
const tokenForm = /^[^.]+\.[^.]+\.[^.]*$/

/** Who sent a request. Credentials in its headers alone decide: a certificate does not make up for a bad key. */
function authenticate(
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

/** Takes the caller for the request's, or returns the refusal. */
function refusalOf(
  found: Caller | null,
  request: FastifyRequest,
  reply: FastifyReply,
  failures: Limiter
): Problem | undefined {
  const caller = found && checkAddress(found, request)
  if (caller === null) return rejectUnauthenticated(request, reply, failures)
  request.caller = caller
  gateOf(request.raw.socket)?.authenticate()
  return undefined
}

/**
 * A valid key from an address outside the allow-list gets the same 401 as an invalid one, so a thief cannot tell that it works.
 */
function checkAddress(caller: Caller, { call }: FastifyRequest): Caller | null {
  const { tenant, keyId } = caller
  if (mayCallFrom(tenant, call.clientIp)) return caller
  return failAttempt(call, { reason: 'address', tenant: tenant.name, keyId })
}

/** The authenticated caller. Without one the route was registered outside the tenant scope: our bug, a 500. */
export function callerOf(request: Pick<FastifyRequest, 'caller'>): Caller {
  assert(request.caller, 'this route is outside the tenant scope')
  return request.caller
}

/** The refusal of a caller that did not authenticate, counted by network. */
export function rejectUnauthenticated(
  request: FastifyRequest,
  reply: FastifyReply,
  failures: Limiter
): Problem {
  const verdict = failures.take(networkOf(request.call.countedAs), failureLimit)
  // One answer for missing, malformed, unknown, expired, revoked and disabled, so that an attacker learns nothing.
  if (verdict.allowed) return Problem.of('credentials_invalid')
  return rateLimited(failures.name, failureLimit, verdict, reply)
}

const bearerForm = /^Bearer +\S+$/i

/**
 * The key or token in the headers, '' for one in no accepted form, null for none. Some clients send the same in both headers.
 * Throws `request_malformed` for two different ones.
 */
export function presentedKey({ headers }: Pick<FastifyRequest, 'headers'>): string | null {
  const { authorization, 'x-api-key': apiKey } = headers
  if (authorization === undefined) return typeof apiKey === 'string' ? apiKey : null
  // Without a match array: the key is what follows the last space.
  const isBearer = bearerForm.test(authorization)
  const bearer = isBearer ? authorization.slice(authorization.lastIndexOf(' ') + 1) : undefined
  // Both came from the caller: the time of the comparison reveals nothing about a stored key.
  if (apiKey !== undefined && apiKey !== bearer)
    throw new Problem('request_malformed', {
      detail: 'Authorization and X-API-KEY hold different credentials: send one of them, or the same in both.'
    })
  return bearer ?? ''
}
