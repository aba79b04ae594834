import type { Server } from 'node:tls'
import { CredentialStatuses } from './admin/credential-status.ts'
import { CommandExecutor } from './admin/execute-command.ts'
import { QueryExecutor } from './admin/execute-query.ts'
import { buildAdminApp } from './admin-app.ts'
import { buildApp } from './app.ts'
import type { ProcessState } from './base/process-state.ts'
import { version } from './base/version.ts'
import { workerEntry } from './base/worker-entry.ts'
import type { Config } from './config/config.ts'
import { unknownTenants } from './config/unknown-tenants.ts'
import { describeWarnings, settingWarnings } from './config/warnings.ts'
import { type Custody, openCustody } from './custody/open.ts'
import { retryUnsealing } from './custody/unseal-retry.ts'
import { type Listener, listen } from './http/listener.ts'
import { openTls, type TlsSource } from './http/tls-reload.ts'
import { type Authenticators, openAuthenticators } from './identity/authenticators.ts'
import { Principals } from './identity/principals.ts'
import { LedgerCompleteness } from './ledger/completeness.ts'
import { packEntries } from './ledger/entry/pending-entry.ts'
import { Ledger } from './ledger/ledger.ts'
import { limitsInUse } from './limits/limits-in-use.ts'
import { MemoryLimiter } from './limits/memory-limiter.ts'
import { degradationsOf } from './routes/health/degradations.ts'
import { unreadiness } from './routes/health/unreadiness.ts'
import { logEvents } from './telemetry/event-log.ts'
import { Events } from './telemetry/events.ts'
import type { Logger } from './telemetry/logger.ts'
import { startWriterThread, type WriterThread } from './threads/start-writer.ts'
import type { Opened } from './threads/writer-thread.ts'
import { Budget } from './upstream/budget.ts'
import { contentApi } from './upstream/content-api.ts'
import { createForwarder, type Forward, type ForwarderDependencies } from './upstream/forwarder.ts'
import { Transport } from './upstream/transport.ts'

/** A gateway that listens. */
export type Gateway = {
  /** Base URLs of the two listeners, with the ports they really have. */
  readonly url: string
  readonly adminUrl: string
  /**
   * Runs the commands of `exec:` references now, and returns how many there are. Files, the store and TLS files are looked at
   * every second anyway.
   */
  readAgain(): number
  /** Not ready from now on, and every answer closes its connection; calls are served until `close`. */
  announceEnd(): void
  /**
   * Drains: not ready, stop accepting, finish what is in flight, flush the ledger, close. Until all that is done the admin
   * listener answers how the process is.
   */
  close(): Promise<void>
}

export type GatewayOptions = {
  env: Readonly<Record<string, string | undefined>>
  logger: Logger
  pid: number
  /** The store's thread has ended by itself: nothing can be recorded any more, so the process should end too. */
  onStoreLost?: (error: Error) => void
  /** Whether lines of the log are being lost. */
  logIsLosing?: () => boolean
}

/**
 * Starts both listeners. Without a master key that fits the store the gateway starts sealed, and tries again every second.
 * Throws ConfigError for TLS files that cannot be used, errors named SecretUnavailable (the upstream key), CustodyBroken or
 * StoreError, or the listener's own error when a port is taken; nothing is left running then.
 */
export async function startGateway(config: Config, options: GatewayOptions): Promise<Gateway> {
  const events = new Events()
  const stopLogging = logEvents(events, options.logger)
  const { app, admin, store, opened, open, readAgain, announceEnd, closeDomains } = await assemble(
    config,
    options,
    events
  ).catch(error => {
    stopLogging()
    throw error
  })
  const listeners: Listener[] = []
  let stopUnsealing = () => {}
  const close = async () => {
    stopUnsealing()
    const [calls, health] = listeners
    try {
      await closeDomains(() => Promise.all([calls?.close(), health?.settle()]))
    } finally {
      await health?.close()
      stopLogging()
    }
  }
  try {
    const writer = 'sealed' in opened ? '' : await open(opened)
    listeners.push(await listen(app, config.host, config.port))
    listeners.push(await listen(admin, config.adminHost, config.adminPort))
    const [url, adminUrl] = listeners.map(listener => listener.url) as [string, string]
    const facts = { url, admin_url: adminUrl, upstream: config.upstreamOrigin, version }
    if ('sealed' in opened) {
      events.publish('gateway.sealed', { ...facts, reason: opened.sealed })
      stopUnsealing = retryUnsealing<Opened>(store, events, async found => {
        events.publish('gateway.ready', { ...facts, writer: await open(found) })
      })
    } else events.publish('gateway.ready', { ...facts, writer })
    return { url, adminUrl, readAgain, announceEnd, close }
  } catch (error) {
    // What the listener says is what counts: the store has nothing to lose yet.
    await close().catch(err => events.publish('gateway.cleanup_failed', { err }))
    throw error
  }
}

/** Puts the domains and both applications together over an open store. Nothing listens yet, and nobody is known. */
async function assemble(config: Config, options: GatewayOptions, events: Events) {
  const tls = config.tls === null ? null : await openTls(config.tls, events)
  warn(events, settingWarnings(config, tls?.material ?? null, new Date()))
  const thread = await startWriterThread(config, options)
  const { store, opened } = thread
  const lifecycle: ProcessState = { draining: false, sealed: true }
  const custody = openCustody(config, { ...options, events, store })
  const callers = new Principals(store, events, () => custody.keeper.refresh())
  const completeness = new LedgerCompleteness(store, events)
  const ledger = openLedger(store, events)
  const transport = new Transport({ origin: config.upstreamOrigin, deadlineMs: config.upstreamDeadlineMs })
  const reader = new QueryExecutor(
    config.storeUrl,
    workerEntry(import.meta.url, 'threads/reader-thread'),
    port => store.call('introduce', port, [port])
  )
  const proofs = await openAuthenticators(config, callers.tenants, events)
  const parts = { store, lifecycle, custody, callers, ledger, transport, reader, proofs, completeness, tls }
  const { app, admin } = await buildApps(config, parts, options, events)
  const stopFollowingTls = tls?.follow(app.server as unknown as Server)

  return {
    app,
    admin,
    store,
    opened,
    /** Lets everybody in whom the open store knows. Returns the id of the ledger's writer. */
    async open(found: Opened): Promise<string> {
      for (const { writer: dead, openCalls } of found.recovered)
        events.publish('writer.recovered', { writer: dead, open_calls: openCalls })
      completeness.note(found.missing)
      await custody.keeper.open()
      await callers.open(found)
      warn(events, describeWarnings(unknownTenants(config, callers.tenants.tenantNamed), config))
      lifecycle.sealed = false
      return found.writer
    },
    announceEnd() {
      lifecycle.ending = true
    },
    readAgain: () => custody.keeper.runCommandsAgain(),
    /** Drains: what `answerCalls` waits for may still use everything. */
    async closeDomains(answerCalls: () => Promise<unknown>): Promise<void> {
      lifecycle.draining = true
      stopFollowingTls?.()
      completeness.close()
      proofs.close()
      await answerCalls()
      await ledger.flush()
      await callers.close()
      await custody.keeper.close()
      // The last connection to be closed tidies up: that must be the one that may write.
      await reader.close()
      await Promise.all([thread.close(), transport.close()])
    }
  }
}

function warn(events: Events, warnings: readonly string[]): void {
  for (const warning of warnings) events.publish('setting.questionable', { warning })
}

type Parts = {
  readonly store: WriterThread['store']
  readonly lifecycle: ProcessState
  readonly custody: Custody
  readonly callers: Principals
  readonly ledger: Ledger
  readonly transport: Transport
  readonly reader: QueryExecutor
  readonly proofs: Authenticators
  readonly completeness: LedgerCompleteness
  readonly tls: TlsSource | null
}

async function buildApps(
  config: Config,
  { store, lifecycle, custody, callers, ledger, transport, reader, proofs, completeness, tls }: Parts,
  { logger, logIsLosing }: GatewayOptions,
  events: Events
) {
  const shared = {
    version,
    logger,
    lifecycle,
    trustedProxies: config.trustedProxies,
    upstreamDeadlineMs: config.upstreamDeadlineMs,
    keepAliveMs: config.keepAliveMs,
    unreadiness: () => unreadiness(lifecycle, custody.credentials, ledger),
    degradations: () => degradationsOf({ custody, callers, completeness, proofs, tls, logIsLosing })
  }
  const tenantLimiter = new MemoryLimiter('tenant')
  const forward = forwarderOf(config, { transport, credentials: custody.credentials, ledger, events })
  const app = await buildApp({
    ...shared,
    tls: tls?.material,
    directory: callers.tenants,
    proofs,
    limiters: { tenants: tenantLimiter, failures: new MemoryLimiter('unauthenticated') },
    ledger,
    contentApi: contentApi(forward),
    history: reader,
    docs: config.docs === 'public'
  })
  const refresh = async () => {
    await Promise.all([callers.refresh(), custody.keeper.refresh()])
  }
  const admin = await buildAdminApp({
    ...shared,
    docs: config.docs === 'admin' ? { describe: () => app.swagger() } : undefined,
    adminKeys: callers.administrators,
    reader,
    administration: new CommandExecutor({ store, refresh }),
    credentials: new CredentialStatuses(custody.keeper, custody.credentials),
    limiters: { failures: new MemoryLimiter('unauthenticated') },
    limitsInUse: limitsInUse(tenantLimiter, callers.tenants.tenantNamed)
  })
  return { app, admin }
}

function openLedger(store: WriterThread['store'], events: Events): Ledger {
  return new Ledger({
    store: batch => store.call('append', packEntries(batch)),
    checkpoint: options => store.call('checkpoint', options),
    events
  })
}

function forwarderOf(config: Config, parts: Omit<ForwarderDependencies, 'budget' | 'deadlineMs'>): Forward {
  const budget = new Budget({
    perCredential: config.upstreamBudgetPerMinute,
    perEgress: config.egressBudgetPerMinute
  })
  return createForwarder({ ...parts, budget, deadlineMs: config.upstreamDeadlineMs })
}
