import type { Server } from 'node:tls'
import { memoryReader } from './admin/memory-reader.ts'
import { buildAdminApp } from './admin-app.ts'
import { buildApp } from './app.ts'
import type { ProcessState } from './base/process-state.ts'
import { version } from './base/version.ts'
import type { Config } from './config/config.ts'
import { describeWarnings, settingWarnings, unknownTenants } from './config/warnings.ts'
import { openCustody } from './custody/open.ts'
import { retryUnsealing } from './custody/unseal-retry.ts'
import { type Listener, listen } from './http/listener.ts'
import { openTls } from './http/tls-reload.ts'
import { openAuthenticators } from './identity/authenticators.ts'
import { Principals } from './identity/principals.ts'
import { LedgerCompleteness } from './ledger/completeness.ts'
import { packEntries } from './ledger/entry/pending-entry.ts'
import { Ledger } from './ledger/ledger.ts'
import { MemoryLimiter } from './limits/memory-limiter.ts'
import { degradationsOf } from './routes/health/degradations.ts'
import { unreadiness } from './routes/health/unreadiness.ts'
import { logEvents } from './telemetry/event-log.ts'
import { Events } from './telemetry/events.ts'
import type { Logger } from './telemetry/logger.ts'
import { CommandExecutor } from './threads/execute-command.ts'
import { QueryExecutor } from './threads/execute-query.ts'
import { startWriterThread, type WriterThreadOptions } from './threads/start-writer.ts'
import type { Opened } from './threads/writer-thread.ts'
import { Breaker } from './upstream/breaker.ts'
import { Budget } from './upstream/budget.ts'
import { contentApi } from './upstream/content-api.ts'
import { createForwarder } from './upstream/forwarder.ts'
import { Transport } from './upstream/transport/transport.ts'

/** A gateway that listens. */
export type Gateway = {
  /** Base URLs of the two listeners, with the ports that they really have. */
  readonly url: string
  readonly adminUrl: string
  /** Runs the commands of `exec:` references now, and returns how many there are. Files are read every second anyway. */
  rerunCommands(): number
  /** From now on `/readyz` fails, and every answer closes its connection; calls are served until `close`. */
  announceDrain(): void
  /**
   * Drains: stops accepting, finishes what is in flight, flushes the ledger, closes. The admin listener answers until all that is
   * done.
   */
  close(): Promise<void>
}

export type GatewayOptions = WriterThreadOptions & {
  readonly logger: Logger
  /** Whether the log loses lines. */
  readonly logIsLosing?: () => boolean
}

/**
 * Starts both listeners. Without a master key that fits the store the gateway starts sealed, and tries again every second.
 * Throws ConfigError for TLS files that cannot be used, `secret_unavailable` (the upstream key), errors of the store, or the
 * listener's own error when a port is taken; nothing is left running then.
 */
export async function startGateway(config: Config, options: GatewayOptions): Promise<Gateway> {
  const events = new Events()
  const stopLogging = logEvents(events, options.logger)
  const running = new AsyncDisposableStack()
  try {
    const gateway = await start(config, options, events, running)
    return { ...gateway, close: () => running.disposeAsync().finally(stopLogging) }
  } catch (error) {
    // The caller gets the error of the start: the store has nothing to lose yet.
    await running.disposeAsync().catch(err => events.publish('gateway.cleanup_failed', { err }))
    stopLogging()
    throw error
  }
}

/** Pushes on `running` what it starts: that ends in the opposite order. */
async function start(
  config: Config,
  options: GatewayOptions,
  events: Events,
  running: AsyncDisposableStack
): Promise<Omit<Gateway, 'close'>> {
  const domains = await openDomains(config, options, events, running)
  const { listeners, processState, opened, store, custody, tls } = domains
  const { app, admin } = await buildApps(config, domains, options)
  if (tls) running.defer(tls.follow(app.server as unknown as Server))
  running.defer(() => {
    processState.draining = true
  })
  const admit = (found: Opened) => admitEverybody(config, domains, found)
  const writer = 'sealed' in opened ? null : await admit(opened)
  listeners.push(await listen(app, config.host, config.port))
  listeners.push(await listen(admin, config.adminHost, config.adminPort))
  const [url, adminUrl] = listeners.map(listener => listener.url) as [string, string]
  const facts = { url, admin_url: adminUrl, upstream: config.upstreamOrigin, version }
  if (writer !== null) events.publish('gateway.ready', { ...facts, writer })
  if ('sealed' in opened) {
    events.publish('gateway.sealed', { ...facts, reason: opened.sealed })
    const stopUnsealing = retryUnsealing<Opened>(store, events, async found => {
      events.publish('gateway.ready', { ...facts, writer: await admit(found) })
    })
    running.defer(stopUnsealing)
  }
  return {
    url,
    adminUrl,
    rerunCommands: () => custody.reconciler.runCommandsAgain(),
    announceDrain() {
      processState.ending = true
    }
  }
}

type Domains = Awaited<ReturnType<typeof openDomains>>

/** Opens the store, and builds the domains over it. Nobody is admitted yet. */
async function openDomains(
  config: Config,
  options: GatewayOptions,
  events: Events,
  running: AsyncDisposableStack
) {
  const listeners: Listener[] = []
  // Until all else has ended the admin listener answers about the health of the process.
  running.defer(() => listeners[1]?.close())
  const tls = config.tls === null ? null : await openTls(config.tls, events)
  warn(events, settingWarnings(config, tls?.material ?? null, new Date()))
  const thread = await startWriterThread(config, options)
  const { store, opened } = thread
  const transport = new Transport({ origin: config.upstreamOrigin, deadlineMs: config.upstreamDeadlineMs })
  running.defer(async () => void (await Promise.all([thread.close(), transport.close()])))
  const reader = new QueryExecutor({
    storeUrl: config.storeUrl,
    registerReader: port => store.call('registerReader', port, [port])
  })
  // SQLite tidies up at the close of the last connection, which must be the one that may write.
  running.defer(() => reader.close())
  const processState: ProcessState = { draining: false, sealed: true }
  const custody = openCustody(config, { ...options, events, store })
  running.defer(() => custody.reconciler.close())
  const principals = running.adopt(new Principals(store, events, () => custody.reconciler.refresh()), it =>
    it.close()
  )
  const ledger = running.adopt(
    new Ledger({
      store: batch => store.call('append', packEntries(batch)),
      checkpoint: options => store.call('checkpoint', options),
      events
    }),
    it => it.flush()
  )
  // Calls in flight may still use everything above.
  running.defer(async function answerCalls() {
    await Promise.all([listeners[0]?.close(), listeners[1]?.settle()])
  })
  const authenticators = running.adopt(await openAuthenticators(config, principals.tenants, events), it =>
    it.tokens?.close()
  )
  const completeness = running.adopt(new LedgerCompleteness(store, events), it => it.close())
  const breaker = new Breaker({ credentials: custody.credentials, events })
  const upstream = { transport, credentials: custody.credentials, breaker, ledger, events }
  const forHealth = { principals, custody, breaker, authenticators, completeness, tls }
  return { ...forHealth, listeners, store, opened, reader, processState, ledger, upstream, events }
}

/** Admits the callers and uses the credentials that the open store knows. Returns the id of the ledger's writer. */
async function admitEverybody(
  config: Config,
  { events, completeness, custody, principals, processState }: Domains,
  found: Opened
): Promise<string> {
  for (const { writer, openCalls } of found.recovered)
    events.publish('writer.recovered', { writer, open_calls: openCalls })
  completeness.note(found.missing)
  await custody.reconciler.open()
  await principals.open(found)
  warn(events, describeWarnings(unknownTenants(config, principals.tenants.tenantNamed), config))
  processState.sealed = false
  return found.writer
}

function warn(events: Events, warnings: readonly string[]): void {
  for (const warning of warnings) events.publish('setting.questionable', { warning })
}

async function buildApps(config: Config, domains: Domains, { logger, logIsLosing }: GatewayOptions) {
  const { store, processState, custody, principals, ledger, reader, authenticators, tls, upstream } = domains
  const degradationSources = { ...domains, logIsLosing }
  const shared = {
    version,
    logger,
    processState,
    trustedProxies: config.trustedProxies,
    upstreamDeadlineMs: config.upstreamDeadlineMs,
    keepAliveMs: config.keepAliveMs,
    unreadiness: () => unreadiness(processState, custody.credentials, ledger),
    degradations: () => degradationsOf(degradationSources)
  }
  const budget = new Budget({
    perCredential: config.upstreamBudgetPerMinute,
    perEgress: config.egressBudgetPerMinute
  })
  const forward = createForwarder({ ...upstream, budget, deadlineMs: config.upstreamDeadlineMs })
  const tenantLimiter = new MemoryLimiter('tenant')
  const app = await buildApp({
    ...shared,
    tls: tls?.material,
    directory: principals.tenants,
    authenticators,
    limiters: { tenants: tenantLimiter, failures: new MemoryLimiter('unauthenticated') },
    ledger,
    contentApi: contentApi(forward),
    history: reader,
    docs: config.docs === 'public'
  })
  const refresh = async () => {
    await Promise.all([principals.refresh(), custody.reconciler.refresh()])
  }
  const admin = await buildAdminApp({
    ...shared,
    docs: config.docs === 'admin' ? { describe: () => app.swagger() } : undefined,
    adminKeys: principals.administrators,
    reader,
    administration: new CommandExecutor({ store, refresh }),
    readMemory: memoryReader({
      custody,
      breaker: domains.breaker,
      limiter: tenantLimiter,
      limitOf: principals.tenants.tenantNamed
    }),
    limiters: { failures: new MemoryLimiter('unauthenticated') }
  })
  return { app, admin }
}
