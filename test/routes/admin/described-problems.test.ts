import { renameSync } from 'node:fs'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { ProcessState } from '../../../src/base/process-state.ts'
import { describeAdminApi } from '../../../src/cli/commands/openapi.ts'
import type { Limiter } from '../../../src/limits/limiter.ts'
import { issueKey, revokeKey, rotateKey } from '../../../src/tenants/keys/keys.ts'
import { FairQueue } from '../../../src/threads/fair-queue.ts'
import {
  askOnce,
  type DescribedOperation,
  describedOperations,
  type Way,
  withoutChance
} from '../../support/documents/described-operations.ts'
import { gatewayForFile } from '../../support/fixtures/gateway-for-file.ts'
import { buildTestAdminApp } from '../../support/fixtures/test-admin-app.ts'
import { issueAdminKeys } from '../../support/http/admin-client.ts'
import type { HttpAnswer } from '../../support/http/http-answer.ts'
import { rawConnection } from '../../support/http/raw-connection.ts'
import { type RequestParts, requestBytes } from '../../support/http/request-bytes.ts'

const asked = describedOperations(await describeAdminApi('0.0.0')).filter(({ path }) =>
  path.startsWith('/admin/')
)
const file = gatewayForFile({
  prepare: async setup => {
    const { administration, pepper } = setup
    const inThePast = { ...administration, clock: () => new Date('2020-01-01') }
    const revoked = await issueKey(administration, pepper, 'acme', null)
    await revokeKey(administration, revoked.key_id)
    const expired = await issueKey(inThePast, pepper, 'acme', new Date('2020-01-02'))
    const live = await issueKey(administration, pepper, 'acme', null)
    const replaced = await issueKey(administration, pepper, 'acme', null)
    await rotateKey(administration, pepper, replaced.key_id, { overlapMs: 86_400_000 })
    return {
      ...(await issueAdminKeys(setup)),
      liveId: live.key_id,
      revokedId: revoked.key_id,
      expiredId: expired.key_id,
      replacedId: replaced.key_id
    }
  }
})

/** What the stand-ins of the application do. */
let failing: () => Promise<never>
let failingAtOnce: () => never
let limited = false
const failures: Limiter = {
  name: 'unauthenticated',
  take: () => ({ allowed: !limited, tat: 0, remaining: 0, retryAfterUs: 900_000, resetUs: 900_000 })
}
const processState: ProcessState = { draining: false }
let app: FastifyInstance
let port: number
beforeAll(async () => {
  app = await buildTestAdminApp({
    processState,
    limiters: { failures },
    adminKeys: { authenticate: key => (key === 'known' ? { keyId: 'known', role: 'operator' } : null) },
    reader: { read: () => failing() },
    administration: { execute: () => failing() },
    readMemory: () => failingAtOnce()
  })
  port = Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port)
  app.server.headersTimeout = 100
})
afterAll(() => app.close())
afterEach(() => {
  limited = false
  processState.draining = false
  processState.sealed = false
})

const unknownId = '00000000-0000-4000-8000-000000000000'
const nobodysKey = 'aaaaaaaaaaaaaaaa'

/** A body that fits the route, and makes nothing that would be in the way of another test. */
const bodies: Readonly<Record<string, object>> = {
  createTenant: { name: 'acme' },
  updateTenant: { burst: 7 },
  issueKey: {},
  rotateKey: {}
}

function ofRoute({ id, method, path, takesBody }: DescribedOperation, more: RequestParts = {}): RequestParts {
  const target = path
    .replace('{name}', 'acme')
    .replace('{key_id}', nobodysKey)
    .replace('{credential}', 'default')
    .replace(/\{\w+\}/, unknownId)
  return {
    method,
    target,
    ...(takesBody ? { body: JSON.stringify(bodies[id]) } : { headers: ['Host: gateway'], framing: null }),
    ...more
  }
}

/** Asks the gateway, as an operator, with something about the request changed. */
const asking =
  (change: (operation: DescribedOperation) => RequestParts): Way =>
  operation =>
    askOnce(
      file.gateway.adminPort,
      ofRoute(operation, { key: file.gateway.prepared.operator, ...change(operation) })
    )

/** Asks it with another member in the body. */
const withBody = (body: object): Way =>
  asking(({ id }) => ({
    body: JSON.stringify({ ...(id === 'createTenant' && { name: 'another' }), ...body })
  }))

/** Asks it for something that is not there, or in no state for it. */
const withPath = (from: RegExp | string, to: () => string): Way =>
  asking(operation => ({ target: `${ofRoute(operation).target}`.replace(from, to()) }))

/** Asks the application whose parts are stand-ins. */
const standIn =
  (prepare: () => void, key = 'known'): Way =>
  operation => {
    prepare()
    return askOnce(port, ofRoute(operation, { key }))
  }

/** A request of each route whose head stops: they are waited for together. */
let stopped: Promise<Map<string, HttpAnswer>> | undefined
async function answersToStopped(): Promise<Map<string, HttpAnswer>> {
  const answers = asked.map(async operation => {
    const connection = await rawConnection(port)
    connection.write(requestBytes(ofRoute(operation)).subarray(0, 30))
    const [answer] = await connection.ended
    return [operation.id, answer as HttpAnswer] as const
  })
  return new Map(await Promise.all(answers))
}

const same: Way = asking(() => ({}))
const ways: Readonly<Record<string, Way>> = {
  request_malformed: asking(() => ({ more: ['X@(y): 1'] })),
  request_timeout: async ({ id }) => {
    stopped ??= answersToStopped()
    return (await stopped).get(id) as HttpAnswer
  },
  uri_too_long: asking(operation => ({ target: `${ofRoute(operation).target}?${'x'.repeat(9_000)}` })),
  headers_too_large: asking(() => ({ more: [`X-Filler: ${'x'.repeat(9_000)}`] })),
  request_invalid: asking(operation => ({
    target: `${ofRoute(operation).target}?${operation.takesLimit ? 'limit=0' : 'x=1'}`
  })),
  payload_too_large: asking(() => ({ body: `{"a":"${' '.repeat(17_000)}"}` })),
  media_type_unsupported: asking(() => ({
    headers: ['Host: gateway', 'Content-Type: text/plain'],
    framing: 'Content-Length: 0',
    body: ''
  })),
  credentials_invalid: asking(() => ({ key: null })),
  permission_denied: asking(() => ({ key: file.gateway.prepared.viewer })),
  rate_limited: standIn(() => {
    limited = true
  }, 'unknown'),
  internal_error: standIn(() => {
    failingAtOnce = () => {
      throw new TypeError('a bug')
    }
    failing = async () => failingAtOnce()
  }),
  overloaded: standIn(() => {
    const full = new FairQueue()
    const wait = () => full.wait({ kind: 'anybody', count: 64 }, 'all', () => new Promise<never>(() => {}))
    for (let waiting = 0; waiting < 64; waiting++) wait().catch(() => {})
    failing = wait
  }),
  sealed: standIn(() => {
    processState.sealed = true
  }),
  shutting_down: standIn(() => {
    processState.draining = true
  }),
  store_unavailable: async operation => {
    const path = join(file.gateway.folder, 'gateway.db')
    renameSync(path, `${path}.away`)
    try {
      return await same(operation)
    } finally {
      renameSync(`${path}.away`, path)
    }
  },
  tenant_exists: same,
  key_not_found: same,
  request_not_found: same,
  credential_in_use: same,
  address_range_invalid: withBody({ addresses: ['somewhere'] }),
  credential_name_invalid: withBody({ credentials: ['default', 'default'] }),
  expiry_invalid: asking(operation => ({
    target: `${ofRoute(operation).target}`.replace(nobodysKey, file.gateway.prepared.liveId),
    body: '{"expires_at":"2020-01-01T00:00:00Z"}'
  })),
  cursor_invalid: asking(operation => ({ target: `${ofRoute(operation).target}?cursor=A` })),
  tenant_not_found: withPath('acme', () => 'nobody'),
  credential_not_found: withPath('default', () => 'nothing'),
  key_revoked: withPath(nobodysKey, () => file.gateway.prepared.revokedId),
  key_expired: withPath(nobodysKey, () => file.gateway.prepared.expiredId),
  key_replaced: withPath(nobodysKey, () => file.gateway.prepared.replacedId),
  grant_covered: same
}

describe.each(asked)('$name', operation => {
  test('lists no status but that of its success and those of its examples', () => {
    const failed = new Set(operation.failures.map(({ status }) => status))
    // every-route.test.ts beside this asks each rightly.
    expect(operation.statuses.filter(status => status >= 300)).toEqual([...failed])
    expect(operation.statuses.filter(status => status < 300)).toHaveLength(1)
    for (const { status, code, example } of operation.failures)
      expect(example).toMatchObject({ status, code })
  })

  test.each(operation.failures)(
    'answers $status $code as in the example',
    async ({ status, code, example }) => {
      const answer = await ways[code]?.(operation)
      expect(answer?.status, answer?.body).toBe(status)
      expect(withoutChance(JSON.parse(answer?.body ?? ''))).toStrictEqual(withoutChance(example))
    }
  )
})

test('every request here is one of a route', () => {
  const described = new Set(asked.flatMap(({ failures: known }) => known.map(({ code }) => code)))
  expect([...described].sort()).toEqual(Object.keys(ways).sort())
})
