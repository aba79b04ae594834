import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { describeApi } from '../../src/cli/commands/openapi.ts'
import { Problem } from '../../src/contract/problem.ts'
import type { Limiter } from '../../src/limits/limiter.ts'
import type { FaultRule } from '../../src/sandbox/fault-rule.ts'
import { FairQueue } from '../../src/threads/fair-queue.ts'
import {
  askOnce,
  type DescribedOperation,
  describedOperations,
  type Way,
  withoutChance
} from '../support/documents/described-operations.ts'
import { startTestApp, type TestApp, testKey } from '../support/fixtures/test-app.ts'
import {
  startTestGateway,
  type TestAdministration,
  type TestGateway
} from '../support/fixtures/test-gateway.ts'
import { deadOrigin } from '../support/http/dead-origin.ts'
import type { HttpAnswer } from '../support/http/http-answer.ts'
import { rawConnection } from '../support/http/raw-connection.ts'
import { type RequestParts, requestBytes } from '../support/http/request-bytes.ts'
import { eventually } from '../support/scenario/wait.ts'

const operations = describedOperations(await describeApi('0.0.0'))
const asked = operations.filter(({ method }) => method !== 'HEAD')

const prepare = async ({ addTenant }: TestAdministration) => ({
  bare: await addTenant({ name: 'bare', connectors: [] }),
  unpermitted: await addTenant({ name: 'unpermitted', operations: [] })
})

let gateway: TestGateway<Awaited<ReturnType<typeof prepare>>>
/** One whose upstream takes no connection, and whose store is taken away from it. */
let cut: TestGateway
let app: TestApp
/** What the stand-ins of the application do. */
let failing: () => Promise<never>
let limited = false
const limiter: Limiter = {
  name: 'tenant',
  take: () => ({ allowed: !limited, tat: 0, remaining: 0, retryAfterUs: 900_000, resetUs: 900_000 })
}

beforeAll(async () => {
  gateway = await startTestGateway({ env: { GATEWAY_UPSTREAM_DEADLINE_MS: '1000' }, prepare })
  cut = await startTestGateway({ env: { GATEWAY_UPSTREAM_ORIGIN: await deadOrigin() } })
  app = await startTestApp({
    unreadiness: () => {
      if (app.processState.draining) return new Problem('shutting_down')
      if (app.processState.sealed !== true) throw new TypeError('a bug')
      return new Problem('sealed', {
        detail: 'No upstream credential can be opened; the log says which and why.'
      })
    },
    contentApi: { startSync: () => failing() },
    history: { syncHistory: () => failing() },
    limiters: { tenants: limiter, failures: limiter }
  })
  app.server.headersTimeout = 100
})
afterAll(async () => {
  await Promise.all([gateway.close(), cut.close(), app.close()])
})
afterEach(() => {
  gateway.sandbox.faults.clear()
  limited = false
  app.processState.draining = false
  app.processState.sealed = false
})

const isSync = ({ path }: DescribedOperation) => path.endsWith('/sync')
const ofRoute = (operation: DescribedOperation, more: RequestParts = {}): RequestParts => ({
  method: operation.method,
  target: operation.path.replace('{id}', gateway.connectors.sharepoint).replace('{code}', 'sealed'),
  ...(operation.takesBody ? { body: '{}' } : { headers: ['Host: gateway'], framing: null }),
  ...more
})

/** Asks the gateway with something about the request changed. */
const asking =
  (change: (operation: DescribedOperation) => RequestParts): Way =>
  operation =>
    askOnce(gateway.port, ofRoute(operation, { key: gateway.key, ...change(operation) }))

/** Asks it while the upstream has this fault. */
const upstream =
  (fault: FaultRule): Way =>
  operation => {
    gateway.sandbox.faults.set(fault)
    return asking(() => ({}))(operation)
  }

/** Asks the application whose parts are stand-ins. */
const standIn =
  (prepareApp: () => void): Way =>
  operation => {
    prepareApp()
    return askOnce(app.port, ofRoute(operation, { key: testKey }))
  }

/** A request of each route whose head stops: they are waited for together. */
let stopped: Promise<Map<string, HttpAnswer>> | undefined
async function answersToStopped(): Promise<Map<string, HttpAnswer>> {
  const answers = asked.map(async operation => {
    const connection = await rawConnection(app.port)
    connection.write(requestBytes(ofRoute(operation)).subarray(0, -8))
    const [answer] = await connection.ended
    return [operation.name, answer as HttpAnswer] as const
  })
  return new Map(await Promise.all(answers))
}

/** What is answered while another process holds the store. */
let held: Promise<Map<string, HttpAnswer>> | undefined
async function answersWhileHeld(): Promise<Map<string, HttpAnswer>> {
  cut.store.raw.exec('BEGIN IMMEDIATE')
  try {
    const answers = new Map<string, HttpAnswer>()
    await Promise.all(
      asked.filter(isSync).map(async operation => {
        answers.set(operation.name, await askOnce(cut.port, ofRoute(operation, { key: cut.key })))
      })
    )
    // At first only that the store is late, then why.
    const locked = await eventually('the reason is known', async () => {
      const answer = await askOnce(cut.port, { method: 'GET', target: '/readyz' })
      return answer.body.includes('locked') ? answer : null
    })
    return answers.set('GET /readyz', locked)
  } finally {
    cut.store.raw.exec('ROLLBACK')
    const isReady = async () => (await askOnce(cut.port, { method: 'GET', target: '/readyz' })).status === 200
    await eventually('the ledger records again', isReady)
  }
}

const textType = ['Host: gateway', 'Content-Type: text/plain']
const ways: Readonly<Record<string, Way>> = {
  request_malformed: asking(() => ({ more: ['X@(y): 1'] })),
  request_timeout: async ({ name }) => {
    stopped ??= answersToStopped()
    return (await stopped).get(name) as HttpAnswer
  },
  uri_too_long: asking(({ path }) => ({ target: `${path.replace(/[{}]/g, '')}?${'x'.repeat(9_000)}` })),
  headers_too_large: asking(() => ({ more: [`X-Filler: ${'x'.repeat(9_000)}`] })),
  request_invalid: asking(operation =>
    operation.takesLimit
      ? { target: `${ofRoute(operation).target}?limit=0` }
      : { body: '{"date_limit":"2026-02-30"}' }
  ),
  payload_too_large: asking(() => ({ body: `{"date_limit":"${' '.repeat(17_000)}"}` })),
  media_type_unsupported: asking(() => ({ headers: textType })),
  credentials_invalid: asking(() => ({ key: null })),
  permission_denied: asking(() => ({ key: gateway.prepared.unpermitted })),
  connector_not_found: asking(() => ({ key: gateway.prepared.bare })),
  route_not_found: asking(() => ({ target: '/problems/none' })),
  request_refused: asking(({ path }) => ({
    target: path.replace('{id}', gateway.connectors.investment_research)
  })),
  rate_limited: standIn(() => {
    limited = true
  }),
  internal_error: standIn(() => {
    failing = async () => {
      throw new TypeError('a bug')
    }
  }),
  overloaded: standIn(() => {
    const full = new FairQueue()
    const wait = () => full.wait({ kind: 'anybody', count: 64 }, 'all', () => new Promise<never>(() => {}))
    for (let waiting = 0; waiting < 64; waiting++) wait().catch(() => {})
    failing = wait
  }),
  sealed: standIn(() => {
    app.processState.sealed = true
  }),
  shutting_down: standIn(() => {
    app.processState.draining = true
  }),
  upstream_credential_rejected: upstream({ fault: 'firewall-page', options: { status: 401 } }),
  upstream_refused: upstream({ fault: 'firewall-page' }),
  upstream_failed: upstream({ fault: 'empty-answer', options: { status: 502 } }),
  upstream_answer_invalid: upstream({ fault: 'redirect', options: { status: 307 } }),
  upstream_busy: upstream({ fault: 'rate-limited', options: { retry_after: 'seconds', seconds: 7 } }),
  upstream_timeout: upstream({ fault: 'silent' }),
  upstream_unreachable: operation => askOnce(cut.port, ofRoute(operation, { key: cut.key })),
  ledger_unavailable: async ({ name }) => {
    held ??= answersWhileHeld()
    return (await held).get(name) as HttpAnswer
  },
  store_unavailable: async operation => {
    const path = join(cut.folder, 'gateway.db')
    renameSync(path, `${path}.away`)
    try {
      return await askOnce(cut.port, ofRoute(operation, { key: cut.key }))
    } finally {
      renameSync(`${path}.away`, path)
    }
  }
}

describe.each(asked)('$name', operation => {
  test('the route lists only statuses of successes and of examples', () => {
    const failed = new Set(operation.failures.map(({ status }) => status))
    expect(operation.statuses).toEqual([200, ...failed])
    for (const { status, code, example } of operation.failures)
      expect(example).toMatchObject({ status, code })
  })

  test('answers 200', async () => {
    expect((await askOnce(gateway.port, ofRoute(operation, { key: gateway.key }))).status).toBe(200)
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

test('HEAD is described as GET, without the bodies', () => {
  const heads = operations.filter(({ method }) => method === 'HEAD')
  expect(heads.map(({ path }) => path)).toEqual(['/livez', '/readyz'])
  for (const { path, statuses, failures } of heads) {
    expect(statuses).toEqual(asked.find(get => get.path === path)?.statuses)
    expect(failures).toEqual([])
  }
})

test('a sync is described with each failure of a call', () => {
  const elsewhere = ['route_not_found', 'store_unavailable']
  for (const { failures } of asked.filter(isSync))
    expect(failures.map(({ code }) => code).sort()).toEqual(
      Object.keys(ways)
        .filter(code => !elsewhere.includes(code))
        .sort()
    )
})
