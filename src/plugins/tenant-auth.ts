import assert from 'node:assert/strict'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Problem } from '../problems.ts'
import type { Caller, Directory } from '../tenants/directory.ts'
import { type Limiter, rateLimited } from './limit-answer.ts'

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller | null
  }
}

export type TenantAuthOptions = {
  directory: Pick<Directory, 'authenticate'>
  /** Counts failures, by address. */
  failures: Limiter
}

/** How often one address may fail: enough for a misconfigured fleet behind one address to be diagnosed. */
const failureLimit = { ratePerMinute: 60, burst: 100 }

/** Admits to this scope only requests that carry a live tenant key. */
export const tenantAuth = fp<TenantAuthOptions>(
  async function tenantAuth(scope, { directory, failures }) {
    scope.decorateRequest('caller', null)

    // onRequest, not preHandler: a stranger's body is never read.
    scope.addHook('onRequest', function admitTenant(request, reply, done) {
      const caller = directory.authenticate(presentedKey(request), Date.now())
      // From elsewhere a genuine key is as good as none: who stole it does not even learn that it is one.
      const admitted = caller?.tenant.addresses.admits(request.call.clientIp) === true
      request.caller = admitted ? caller : null
      if (admitted) return done()
      const verdict = failures.take(network(request.call.clientIp), failureLimit)
      // One answer for missing, malformed, unknown, expired, revoked and disabled, so that a probe learns nothing.
      if (verdict.allowed) return done(new Problem('credentials_invalid'))
      done(rateLimited(failures.name, failureLimit, verdict, reply))
    })
  },
  { name: 'tenant-auth', dependencies: ['problem-envelope', 'request-facts'] }
)

/** The admitted caller. Without one this route was wired outside the tenant scope: our bug, a 500. */
export function callerOf(request: Pick<FastifyRequest, 'caller'>): Caller {
  assert(request.caller, 'this route is outside the tenant scope')
  return request.caller
}

/** The key in the request, or '' when there is none. Throws `request_malformed` when there are two. */
function presentedKey({ headers }: FastifyRequest): string {
  const { authorization, 'x-api-key': apiKey } = headers
  if (authorization !== undefined && apiKey !== undefined)
    throw new Problem('request_malformed', {
      detail: 'Send the key as Authorization or as X-API-KEY, not both.'
    })
  if (typeof apiKey === 'string') return apiKey
  return /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1] ?? ''
}

/** An IPv6 host chooses freely among the addresses of its /64, so those count as one. */
function network(address: string): string {
  if (!address.includes(':')) return address
  const [head = '', tail = ''] = address.split('::')
  const front = head.split(':')
  const missing = address.includes('::') ? 8 - front.length - tail.split(':').filter(Boolean).length : 0
  return [...front, ...Array<string>(Math.max(0, missing)).fill('0'), ...tail.split(':')]
    .slice(0, 4)
    .join(':')
}
