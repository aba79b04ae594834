import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../../src/config/config.ts'
import { openMasterKeyOf } from '../../src/custody/crypto/root-key.ts'
import type { CredentialAdministration } from '../../src/custody/manage/transaction.ts'
import { type Gateway, startGateway } from '../../src/gateway.ts'
import type { LedgerEntry } from '../../src/ledger/entry/entry.ts'
import type { ConnectorType } from '../../src/sandbox/connector-store.ts'
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/sandbox.ts'
import { openStore, type Store } from '../../src/store/store.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { adminKeyPepper, apiKeyPepper, type Pepper } from '../../src/tenants/keys/api-key.ts'
import { issueKey } from '../../src/tenants/keys/keys.ts'
import { createTenant, type NewTenant } from '../../src/tenants/tenants.ts'
import type { Administration } from '../../src/tenants/transaction.ts'

/** The upstream key of test gateways: nothing but the upstream may ever see it. */
export const canaryKey = 'bd_v2_canary_7Qm2xXo8pLs4vRt6wYz1aBc3dEf5gHj9'

/** What changes tenants, before the gateway starts and while it runs (it follows within a second). */
export type TestAdministration = {
  readonly administration: Administration
  readonly pepper: Pepper
  readonly adminPepper: Pepper
  /** What credentials are changed with. */
  custody(): CredentialAdministration
  /** Creates a tenant, by default with every connector and without a limit worth the name; returns a key of it. */
  addTenant(tenant: Partial<NewTenant> & { name: string }): Promise<string>
}

/** A gateway in this process, on ports of its own, before a sandbox in this process and over a store in a new folder. */
export type TestGateway<Prepared = undefined> = TestAdministration & {
  readonly port: number
  readonly adminPort: number
  /** The gateway itself, for what is done to it from within its process. */
  readonly running: Pick<Gateway, 'readAgain' | 'announceEnd'>
  readonly sandbox: Sandbox
  /** A key of the tenant `acme`, which may use every connector. */
  readonly key: string
  /** One connector of each type, by its id. */
  readonly connectors: Readonly<Record<ConnectorType, string>>
  readonly folder: string
  readonly store: Store
  readonly prepared: Prepared
  /** The ledger's entries up to now, in the order in which they were stored. */
  entries(): Omit<LedgerEntry, 'hash'>[]
  /** All that was logged so far. */
  logged(): string
  /** Drains the gateway; the sandbox and the store stay. */
  stop(): Promise<void>
  close(): Promise<void>
}

export type TestGatewayOptions<Prepared> = {
  /** Settings that differ from the defaults, e.g. GATEWAY_UPSTREAM_DEADLINE_MS. */
  readonly env?: Readonly<Record<string, string>>
  readonly sandbox?: SandboxOptions
  readonly logIsLosing?: () => boolean
  /** The id that the gateway believes to have. */
  readonly pid?: number
  /** Runs before the gateway starts; what it returns is `prepared`. */
  readonly prepare?: (setup: TestAdministration) => Promise<Prepared>
}

/** Starts one; close it. */
export async function startTestGateway<Prepared = undefined>(
  options: TestGatewayOptions<Prepared> = {}
): Promise<TestGateway<Prepared>> {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-test-'))
  const masterKeyPath = join(folder, 'master.key')
  writeFileSync(masterKeyPath, 'a master key that opens nothing but this one test store')
  const sandbox = await startSandbox({ keys: [canaryKey], ...options.sandbox })
  const env = {
    GATEWAY_PORT: '0',
    GATEWAY_ADMIN_PORT: '0',
    GATEWAY_STORE_URL: `sqlite:${join(folder, 'gateway.db')}`,
    GATEWAY_MASTER_KEY: `file:${masterKeyPath}`,
    GATEWAY_UPSTREAM_ORIGIN: sandbox.origin,
    GATEWAY_UPSTREAM_KEY: 'env:TEST_UPSTREAM_KEY',
    GATEWAY_UPSTREAM_BUDGET_PER_MINUTE: '1000000',
    GATEWAY_EGRESS_BUDGET_PER_MINUTE: '1000000',
    TEST_UPSTREAM_KEY: canaryKey,
    ...options.env
  }
  const config = loadConfig(env)
  const store = await openStore(config.storeUrl)
  const setup = await administrationOf(store, config.masterKey, env)
  const key = await setup.addTenant({ name: 'acme' })
  const prepared = (await options.prepare?.(setup)) as Prepared

  const lines: string[] = []
  const logger = createLogger('debug', { write: line => void lines.push(line) })
  const gateway = await startGateway(config, {
    env,
    logger,
    pid: options.pid ?? process.pid,
    logIsLosing: options.logIsLosing ?? (() => false)
  })
  const stop = stopOnce(gateway)
  return {
    ...setup,
    port: Number(new URL(gateway.url).port),
    adminPort: Number(new URL(gateway.adminUrl).port),
    running: gateway,
    sandbox,
    key,
    connectors: connectorsOf(sandbox),
    folder,
    store,
    prepared,
    entries: () => entriesOf(store),
    logged: () => lines.join(''),
    stop,
    async close() {
      await stop()
      await sandbox.close()
      store.close()
      rmSync(folder, { recursive: true })
    }
  }
}

async function administrationOf(
  store: Store,
  masterKey: string,
  env: Readonly<Record<string, string>>
): Promise<TestAdministration> {
  const master = openMasterKeyOf(store, masterKey, env)
  const pepper = apiKeyPepper(master)
  const administration: Administration = {
    store,
    administrator: { actor: 'cli:tester', role: 'cli', version: '0.0.0', pid: 1 },
    clock: () => new Date()
  }
  return {
    administration,
    pepper,
    adminPepper: adminKeyPepper(master),
    custody: () => ({
      store,
      keys: master,
      administrator: administration.administrator,
      at: administration.clock()
    }),
    async addTenant(tenant) {
      const open = { connectors: ['*'], ratePerMinute: 1_000_000_000, burst: 1_000_000 }
      await createTenant(administration, { ...open, ...tenant })
      return (await issueKey(administration, pepper, tenant.name, null)).key
    }
  }
}

function stopOnce(gateway: Gateway): () => Promise<void> {
  let stopping: Promise<void> | undefined
  return () => {
    stopping ??= gateway.close()
    return stopping
  }
}

function connectorsOf(sandbox: Sandbox): Record<ConnectorType, string> {
  const idOf = (type: ConnectorType) => {
    const connector = sandbox.connectors.find(candidate => candidate.type === type)
    if (connector === undefined) throw new Error(`the sandbox has no ${type} connector`)
    return connector.connector_id
  }
  return {
    investment_research: idOf('investment_research'),
    sharepoint: idOf('sharepoint'),
    email: idOf('email')
  }
}

function entriesOf({ raw }: Store): Omit<LedgerEntry, 'hash'>[] {
  const rows = raw.prepare('SELECT entry FROM ledger ORDER BY id').all()
  return rows.map(row => JSON.parse(String(row['entry'])) as Omit<LedgerEntry, 'hash'>)
}
