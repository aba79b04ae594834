import fc from 'fast-check'
import { expect } from 'vitest'
import { callDecider } from '../../src/admin/desired-state/replay.ts'
import { MemoryLimiter } from '../../src/limits/memory-limiter.ts'
import type { Tenant } from '../../src/tenants/tenant.ts'
import { tenantIn } from '../../src/tenants/tenant.ts'
import { settingColumns } from '../../src/tenants/tenant-settings.ts'
import { newTenant, type TenantState } from '../../src/tenants/tenant-state.ts'
import { contentApi } from '../../src/upstream/content-api.ts'
import type { Forward } from '../../src/upstream/forwarder.ts'
import { opened, test as plainTest } from '../support/fixtures/test.ts'
import { startTestApp, type TestApp, testKey } from '../support/fixtures/test-app.ts'
import { rawRequest } from '../support/http/raw-connection.ts'
import { syncBytes } from '../support/http/request-bytes.ts'
import { propertySeed } from '../support/scenario/seed.ts'

const seed = propertySeed()
const ids = [1, 2].map(digit => `0000000${digit}-0000-4000-8000-000000000000`)

const settings = fc.record({
  disabled: fc.boolean(),
  rate_per_minute: fc.constantFrom(20, 60),
  burst: fc.integer({ min: 1, max: 3 }),
  operations: fc.constantFrom(null, ['sync' as const], ['read' as const], []),
  addresses: fc.constantFrom(null, ['127.0.0.0/8'], ['10.0.0.0/8']),
  connectors: fc.constantFrom(['*'], [], ids.slice(0, 1))
})
const calls = fc.array(
  fc.record({ afterMs: fc.constantFrom(0, 0, 700, 3000), connectorId: fc.constantFrom(...ids) }),
  { minLength: 1, maxLength: 8 }
)

let nowUs = 1_000_000
let tenant: Tenant
const test = plainTest.extend(
  'app',
  { scope: 'file' },
  opened(() => {
    const accepted = async () => ({ connector_id: ids[0], status: 'accepted' })
    return startTestApp({
      directory: {
        authenticate: key => (key === testKey && !tenant.disabled ? { tenant, keyId: 'k' } : null)
      },
      limiters: {
        tenants: new MemoryLimiter('tenant', () => nowUs),
        // Only the reason may tell strangers apart.
        failures: new MemoryLimiter('unauthenticated', () => (nowUs += 10_000_000))
      },
      contentApi: contentApi(accepted as unknown as Forward)
    })
  })
)

async function answered(app: TestApp, connectorId: string): Promise<string | null> {
  const [answer] = await rawRequest(app.port, syncBytes({ key: testKey, connectorId }))
  if (answer?.status === 200) return null
  return (JSON.parse(answer?.body ?? '{}') as { code: string }).code
}

let runs = 0
test(`calls are decided as the public listener decides them, in its order (seed ${seed})`, async ({
  app
}) => {
  await fc.assert(
    fc.asyncProperty(settings, calls, async (drawn, sent) => {
      // A tenant of its own each time: its limit is full.
      const state: TenantState = { ...newTenant(`tenant-${++runs}`), ...drawn }
      tenant = tenantIn({ ...state, ...settingColumns(state) })
      const decide = callDecider(new Map([[state.name, state]]))
      for (const { afterMs, connectorId } of sent) {
        nowUs += afterMs * 1000
        const atUs = nowUs
        const decided = decide({
          atUs,
          tenant: state.name,
          keyId: 'k',
          connectorId,
          clientIp: '127.0.0.1',
          operation: 'connector.sync',
          isFaulty: false
        })
        expect(await answered(app, connectorId)).toBe(decided)
      }
    }),
    { seed, numRuns: 60 }
  )
})
