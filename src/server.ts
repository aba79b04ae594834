import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { buildAdminApp, buildApp } from './app.ts'
import type { Config } from './config.ts'
import { Credentials } from './custody/credentials.ts'
import { Ledger } from './ledger/ledger.ts'
import type { Lifecycle } from './lifecycle.ts'
import { MemoryLimiter } from './limits/memory-limiter.ts'
import { createLogger, type Logger } from './logger.ts'
import { Problem } from './problems.ts'
import { ThreadCaller } from './store/thread-call.ts'
import type { StoreJobs, StoreThreadData } from './store-thread.ts'
import { Directory } from './tenants/directory.ts'
import { followDirectory } from './tenants/follow-directory.ts'
import { Budget } from './upstream/budget.ts'
import { contentApi } from './upstream/content-api.ts'
import { openDoor } from './upstream/forward.ts'
import { Transport } from './upstream/transport.ts'
import { version } from './version.ts'

/** A gateway that listens. */
export type Gateway = {
  /** Base URLs of the two listeners, with the ports they really have. */
  readonly url: string
  readonly adminUrl: string
  /** Drains: not ready, stop accepting, finish what is in flight, flush the ledger, close. Within `drainBoundMs`. */
  close(): Promise<void>
}

export type GatewayOptions = {
  env: Readonly<Record<string, string | undefined>>
  logger: Logger
}

/** How much longer than the upstream deadline a drain may take before the process ends anyway. */
const drainSlackMs = 8_000

/** Starts both listeners. Throws errors named SecretUnavailable, WrongMasterKey or
 * StoreError, or the listener's own error when a port is taken. */
export async function startGateway(config: Config, { env, logger }: GatewayOptions): Promise<Gateway> {
  const credentials = Credentials.open(config.upstreamKey, env)
  const { store, worker } = startStoreThread(config)
  const opened = await store.call('open', undefined).catch(async error => {
    await worker.terminate()
    throw error
  })
  for (const { writer, openCalls } of opened.recovered)
    logger.warn({ writer, open_calls: openCalls }, 'recovered a dead writer')

  const directory = new Directory(opened.pepper)
  directory.load(opened.snapshot)
  const stopFollowing = followDirectory(directory, opened.snapshot.lastChange, store, (err, what) =>
    logger.error({ err }, what)
  )
  const ledger = new Ledger({ store: batch => store.call('append', JSON.stringify(batch)) })
  const transport = new Transport({ origin: config.upstreamOrigin })
  const budget = new Budget({
    perCredential: config.upstreamBudgetPerMinute,
    perEgress: config.egressBudgetPerMinute
  })
  const forward = openDoor({ transport, credentials, budget, ledger, deadlineMs: config.upstreamDeadlineMs })

  const lifecycle: Lifecycle = { draining: false }
  const shared = {
    logger,
    lifecycle,
    trustedProxies: config.trustedProxies,
    unreadiness: () => unreadiness(lifecycle, ledger)
  }
  const app = await buildApp({
    ...shared,
    version,
    directory,
    limiters: { tenants: new MemoryLimiter('tenant'), failures: new MemoryLimiter('unauthenticated') },
    ledger,
    contentApi: contentApi(forward)
  })
  const admin = await buildAdminApp(shared)

  const close = async () => {
    lifecycle.draining = true
    await Promise.all([closeListener(app), closeListener(admin)])
    await ledger.flush()
    await stopFollowing()
    await store.call('close', undefined)
    await Promise.all([transport.close(), worker.terminate()])
  }
  try {
    const url = await app.listen({ host: config.host, port: config.port })
    const adminUrl = await admin.listen({ host: config.adminHost, port: config.adminPort })
    logger.info(
      { url, admin_url: adminUrl, upstream: config.upstreamOrigin, writer: opened.writer, version },
      'ready'
    )
    return { url, adminUrl, close }
  } catch (error) {
    await close()
    throw error
  }
}

function startStoreThread(config: Config): { store: ThreadCaller<StoreJobs>; worker: Worker } {
  const data: StoreThreadData = {
    storeUrl: config.storeUrl,
    masterKey: config.masterKey,
    createMasterKey: config.masterKeyIsDefault,
    version,
    pid: process.pid
  }
  // The file beside this one, in the checkout (.ts) and in the build (.js).
  const entry = new URL(
    `./store-thread${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`,
    import.meta.url
  )
  const worker = new Worker(entry, { workerData: data })
  return { store: new ThreadCaller<StoreJobs>(worker), worker }
}

function unreadiness(lifecycle: Lifecycle, ledger: Ledger): Problem | null {
  if (lifecycle.draining) return new Problem('shutting_down')
  return ledger.fault ? new Problem('ledger_unavailable', { cause: ledger.fault }) : null
}

/** Stops accepting and waits for what is in flight. Connections that fall idle meanwhile are closed at once. */
async function closeListener(app: FastifyInstance): Promise<void> {
  const reaper = setInterval(() => app.server.closeIdleConnections(), 50)
  try {
    await app.close()
  } finally {
    clearInterval(reaper)
  }
}

/**
 * Runs the gateway as this process: logs to standard output, drains on SIGTERM or SIGINT, and then exits 0. A second
 * signal, or a drain that takes too long, ends it at once with 1.
 */
export async function serve(config: Config, env: NodeJS.ProcessEnv): Promise<void> {
  // Not synchronous: a reader of our output that stalls must not stall the gateway. Past `maxLength` lines are lost.
  const destination = pino.destination({
    fd: 1,
    sync: false,
    minLength: 4096,
    maxLength: 4 << 20,
    periodicFlush: 100
  })
  const logger = createLogger(config.logLevel, destination)
  for (const name of config.unknownVariables) logger.warn({ name }, 'this variable is not a setting')

  // A diagnostic report lists the environment, and a key may have been given there.
  process.report.excludeEnv = true
  const end = (code: number) => {
    destination.flushSync()
    process.exit(code)
  }
  process.on('uncaughtException', error => {
    logger.fatal({ err: error }, 'uncaught exception')
    end(1)
  })
  const gateway = await startGateway(config, { env, logger })

  const [signal] = (await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])) as [string]
  logger.info({ signal }, 'draining')
  for (const again of ['SIGTERM', 'SIGINT']) process.on(again, () => end(1))
  setTimeout(() => {
    logger.fatal('the drain took too long')
    end(1)
  }, config.upstreamDeadlineMs + drainSlackMs).unref()
  await gateway.close()
  logger.info('drained')
  end(0)
}
