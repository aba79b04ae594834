import type { Server } from 'node:http'
import { type AppDependencies, buildApp } from '../../src/app.ts'
import type { Lifecycle } from '../../src/base/process-state.ts'
import { defaultOperations } from '../../src/contract/operations.ts'
import type { Caller } from '../../src/identity/directory.ts'
import type { RejectionFacts } from '../../src/ledger/entry/entry.ts'
import { MemoryLimiter } from '../../src/limits/memory-limiter.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { anyAddress } from '../../src/tenants/address-ranges.ts'
import { defaultCredentials } from '../../src/tenants/credential-names.ts'
import type { Tenant } from '../../src/tenants/tenant.ts'

/** The key that a test application knows, and its tenant: every connector, 60 calls a minute, 3 at once. */
export const testKey = 'the-one-key'
export const testTenant: Tenant = {
  name: 'acme',
  ratePerMinute: 60,
  burst: 3,
  disabled: false,
  connectors: new Set(['*']),
  operations: defaultOperations,
  addresses: anyAddress,
  credentials: defaultCredentials
}
const testCaller: Caller = { tenant: testTenant, keyId: 'testkey' }

/** The public listener alone, in front of stand-ins that a test chooses. */
export type TestApp = {
  readonly port: number
  /** Takes a stream as a connection, at its event `connection`. */
  readonly server: Server
  readonly lifecycle: Lifecycle
  readonly rejections: readonly RejectionFacts[]
  logged(): string
  close(): Promise<void>
}

/** Listens on a free port; whatever is not given is a stand-in that admits everything and accepts every sync. */
export async function startTestApp(dependencies: Partial<AppDependencies> = {}): Promise<TestApp> {
  const lifecycle: Lifecycle = { draining: false }
  const rejections: RejectionFacts[] = []
  const lines: string[] = []
  const app = await buildApp({
    version: '0.0.0',
    logger: createLogger('debug', { write: line => void lines.push(line) }),
    lifecycle,
    trustedProxies: [],
    upstreamDeadlineMs: 30_000,
    unreadiness: () => null,
    directory: { authenticate: key => (key === testKey ? testCaller : null) },
    limiters: { tenants: new MemoryLimiter('tenant'), failures: new MemoryLimiter('unauthenticated') },
    ledger: { recordRejection: rejection => void rejections.push(rejection) },
    contentApi: { startSync: async ({ connectorId }) => ({ connector_id: connectorId, status: 'accepted' }) },
    history: { syncHistory: async () => ({ items: [], next: null }) },
    ...dependencies
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return {
    port: Number(new URL(url).port),
    server: app.server,
    lifecycle,
    rejections,
    logged: () => lines.join(''),
    close: () => app.close()
  }
}
