import { describe, expect, test } from 'vitest'
import type { ProblemBody } from '../../../src/contract/problem.ts'
import { gatewayForFile } from '../../support/fixtures/gateway-for-file.ts'
import {
  startTestGateway,
  type TestGateway,
  type TestGatewayOptions
} from '../../support/fixtures/test-gateway.ts'
import { expectProblem } from '../../support/http/expect-problem.ts'
import { rawRequest } from '../../support/http/raw-connection.ts'
import { syncBytes } from '../../support/http/request-bytes.ts'

const ownBudget = "The gateway's own budget of calls to the upstream is spent for the moment."
const keyRefused = 'The upstream has rejected the key of the gateway several times.'
const upstreamBusy = 'The upstream accepts no more calls at the moment.'

/** One call; the problem that it ended with. */
async function call({ port, key, connectors }: TestGateway<unknown>, by = key): Promise<ProblemBody> {
  const [answer] = await rawRequest(port, syncBytes({ key: by, connectorId: connectors.sharepoint }))
  return JSON.parse(answer?.body ?? '')
}

/** What log and ledger say of a request, once both know it. */
async function recordedOf(gateway: TestGateway<unknown>, requestId: string): Promise<[object, object]> {
  const line = () =>
    gateway
      .logged()
      .split('\n')
      .find(text => text.includes(requestId)) ?? ''
  const last = () => gateway.entries().findLast(({ request_id }) => request_id === requestId)
  await expect.poll(() => line() !== '' && last() !== undefined).toBe(true)
  return [JSON.parse(line()), last() ?? {}]
}

async function withGateway<Prepared>(
  options: TestGatewayOptions<Prepared>,
  work: (gateway: TestGateway<Prepared>) => Promise<void>
): Promise<void> {
  const gateway = await startTestGateway(options)
  try {
    await work(gateway)
  } finally {
    await gateway.close()
  }
}

test.each([
  ['GATEWAY_UPSTREAM_BUDGET_PER_MINUTE', 'credential_budget'],
  ['GATEWAY_EGRESS_BUDGET_PER_MINUTE', 'egress_budget']
] as const)('when %s is spent the caller, log and ledger say that it was ours', async (setting, limit) => {
  await withGateway({ env: { [setting]: '2' } }, async gateway => {
    expect(await call(gateway)).toMatchObject({ status: 'accepted' })
    const { port, key, connectors } = gateway
    const [answer] = await rawRequest(port, syncBytes({ key, connectorId: connectors.sharepoint }))
    const { retry_after: retryAfter = 0 } = JSON.parse(answer?.body ?? '')
    expect(retryAfter).toBeGreaterThan(0)
    const problem = expectProblem(answer, 'upstream_busy', { retryAfter })
    expect(problem.detail).toBe(ownBudget)
    for (const recorded of await recordedOf(gateway, problem.request_id))
      expect(recorded).toMatchObject({ code: 'upstream_busy', limit })
  })
})

describe('of a gateway with room', () => {
  const file = gatewayForFile({
    prepare: setup => setup.addTenant({ name: 'slow', rate_per_minute: 1, burst: 1 })
  })

  test('when the upstream takes no more calls it is the upstream’s limit', async () => {
    const { gateway } = file
    gateway.sandbox.faults.set({ fault: 'rate-limited' })
    const problem = await call(gateway)
    expect(problem).toMatchObject({ code: 'upstream_busy', detail: upstreamBusy, upstream: { status: 429 } })
    for (const recorded of await recordedOf(gateway, problem.request_id))
      expect(recorded).toMatchObject({ code: 'upstream_busy', limit: 'upstream' })
  })

  test('a tenant’s own limit, and that of strangers, are named', async () => {
    const { gateway } = file
    await call(gateway, gateway.prepared)
    const ofTenant = await call(gateway, gateway.prepared)
    expect(ofTenant).toMatchObject({ code: 'rate_limited', detail: 'The limit "tenant" is used up.' })
    let ofStranger = await call(gateway, 'cgw_nobody')
    while (ofStranger.code === 'credentials_invalid') ofStranger = await call(gateway, 'cgw_nobody')
    expect(ofStranger).toMatchObject({ code: 'rate_limited' })
    for (const recorded of await recordedOf(gateway, ofTenant.request_id))
      expect(recorded).toMatchObject({ code: 'rate_limited', limit: 'tenant', tenant: 'slow' })
    for (const recorded of await recordedOf(gateway, ofStranger.request_id))
      expect(recorded).toMatchObject({ code: 'rate_limited', limit: 'unauthenticated' })
  })
})

test('while our key is refused again and again it is the upstream’s limit too', async () => {
  await withGateway({ sandbox: { keys: ['bd_v2_another'] } }, async gateway => {
    for (let refused = 0; refused < 3; refused++)
      expect(await call(gateway)).toMatchObject({ code: 'upstream_credential_rejected' })
    const problem = await call(gateway)
    expect(problem).toMatchObject({ code: 'upstream_busy', detail: keyRefused })
    for (const recorded of await recordedOf(gateway, problem.request_id))
      expect(recorded).toMatchObject({ code: 'upstream_busy', limit: 'upstream' })
  })
})
