import type { Server } from 'node:tls'
import { Worker } from 'node:worker_threads'
import { buildAdminApp, buildApp } from './app.ts'
import type { Config } from './config.ts'
import { Credentials } from './custody/credentials.ts'
import { AppendTimeout } from './ledger/append-queue.ts'
import { packDrafts } from './ledger/draft.ts'
import { Ledger } from './ledger/ledger.ts'
import { LedgerReader } from './ledger/ledger-reader.ts'
import type { Lifecycle } from './lifecycle.ts'
import { MemoryLimiter } from './limits/memory-limiter.ts'
import { type Listener, listen } from './listener.ts'
import type { Logger } from './logger.ts'
import { Problem } from './problems.ts'
import { openProofs } from './proofs.ts'
import { storeFaultDetail } from './store/store-fault.ts'
import { ThreadCaller } from './store/thread-call.ts'
import type { Opened, StoreJobs, StoreThreadData } from './store-thread.ts'
import { Directory } from './tenants/directory.ts'
import { followDirectory } from './tenants/follow-directory.ts'
import { openTls } from './tls-reload.ts'
import { Budget } from './upstream/budget.ts'
import { contentApi } from './upstream/content-api.ts'
import { type Forward, openDoor } from './upstream/forward.ts'
import { Transport } from './upstream/transport.ts'
import { version } from './version.ts'

/** A gateway that listens. */
export type Gateway = {
  /** Base URLs of the two listeners, with the ports they really have. */
  readonly url: string
  readonly adminUrl: string
  /** Drains: not ready, stop accepting, finish what is in flight, flush the ledger, close. */
  close(): Promise<void>
}

export type GatewayOptions = {
  env: Readonly<Record<string, string | undefined>>
  logger: Logger
  pid: number
  /** The store's thread has ended by itself: nothing can be recorded any more, so the process should end too. */
  onStoreLost?: (error: Error) => void
}

/**
 * Puts the domains together and starts both listeners. Throws ConfigError for TLS files that cannot be used, errors
 * named SecretUnavailable, WrongMasterKey or StoreError, or the listener's own error when a port is taken; nothing is
 * left running then.
 */
export async function startGateway(config: Config, options: GatewayOptions): Promise<Gateway> {
  const { env, logger } = options
  const credentials = Credentials.open(config.upstreamKey, env)
  const tls = config.tls === null ? null : await openTls(config.tls, logger)
  const thread = await openStoreThread(config, options)
  const { opened, store } = thread

  const directory = new Directory(opened.pepper)
  directory.load(opened.snapshot)
  const stopFollowing = followDirectory(directory, opened.snapshot.lastChange, store, (err, what) =>
    logger.error({ err }, what)
  )
  const ledger = new Ledger({
    store: batch => store.call('append', packDrafts(batch)),
    checkpoint: options => store.call('checkpoint', options),
    onFault: fault =>
      fault
        ? logger.error({ err: fault }, 'the ledger cannot record')
        : logger.info('the ledger records again')
  })
  const transport = new Transport({ origin: config.upstreamOrigin, deadlineMs: config.upstreamDeadlineMs })
  const forward = doorOf(config, { transport, credentials, ledger })
  const history = new LedgerReader(config.storeUrl, besideThisFile('ledger-thread'))

  const lifecycle: Lifecycle = { draining: false }
  const shared = {
    logger,
    lifecycle,
    trustedProxies: config.trustedProxies,
    upstreamDeadlineMs: config.upstreamDeadlineMs,
    unreadiness: () => unreadiness(lifecycle, ledger)
  }
  const limiters = { tenants: new MemoryLimiter('tenant'), failures: new MemoryLimiter('unauthenticated') }
  const proofs = await openProofs(config, directory, logger)
  const app = await buildApp({
    ...shared,
    tls: tls?.material,
    version,
    directory,
    proofs,
    limiters,
    ledger,
    contentApi: contentApi(forward),
    history
  })
  const admin = await buildAdminApp(shared)

  const stopFollowingTls = tls?.follow(app.server as unknown as Server)
  const listeners: Listener[] = []
  const close = async () => {
    lifecycle.draining = true
    stopFollowingTls?.()
    proofs.close()
    await Promise.all(listeners.map(listener => listener.close()))
    await ledger.flush()
    await stopFollowing()
    await Promise.all([history.close(), thread.close(), transport.close()])
  }
  try {
    listeners.push(await listen(app, config.host, config.port))
    listeners.push(await listen(admin, config.adminHost, config.adminPort))
  } catch (error) {
    // What the listener says is what counts: the store has nothing to lose yet.
    await close().catch(reason => logger.error({ err: reason }, 'the start could not be undone cleanly'))
    throw error
  }
  const [url, adminUrl] = listeners.map(listener => listener.url) as [string, string]
  const facts = { upstream: config.upstreamOrigin, writer: opened.writer, version }
  logger.info({ url, admin_url: adminUrl, ...facts }, 'ready')
  return { url, adminUrl, close }
}

type DoorParts = { transport: Transport; credentials: Credentials; ledger: Ledger }

function doorOf(config: Config, parts: DoorParts): Forward {
  const budget = new Budget({
    perCredential: config.upstreamBudgetPerMinute,
    perEgress: config.egressBudgetPerMinute
  })
  return openDoor({ ...parts, budget, deadlineMs: config.upstreamDeadlineMs })
}

type StoreThread = { store: ThreadCaller<StoreJobs>; opened: Opened; close(): Promise<void> }

/** Its batches are short-lived texts: they need no more, and it would take four times as much. */
const threadYoungGenerationMb = 4

/** Starts the store's thread and opens the store on it. */
async function openStoreThread(
  config: Config,
  { env, logger, pid, onStoreLost }: GatewayOptions
): Promise<StoreThread> {
  const workerData: StoreThreadData = {
    storeUrl: config.storeUrl,
    masterKey: config.masterKey,
    createMasterKey: config.masterKeyIsDefault,
    version,
    pid
  }
  const worker = new Worker(besideThisFile('store-thread'), {
    workerData,
    env: { ...env },
    resourceLimits: { maxYoungGenerationSizeMb: threadYoungGenerationMb }
  })
  const store = new ThreadCaller<StoreJobs>(worker)
  const opened = await store.call('open', undefined).catch(async error => {
    await worker.terminate()
    throw error
  })
  for (const { writer, openCalls } of opened.recovered)
    logger.warn({ writer, open_calls: openCalls }, 'recovered a dead writer')

  let closing = false
  store.ended.then(error => {
    if (!closing) onStoreLost?.(error)
  })
  const close = async () => {
    closing = true
    try {
      await store.call('close', undefined)
    } finally {
      await worker.terminate()
    }
  }
  return { store, opened, close }
}

/** The module beside this one, in the checkout (.ts) and in the build (.js). */
function besideThisFile(name: string): URL {
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'))
  return new URL(`./${name}${extension}`, import.meta.url)
}

function unreadiness(lifecycle: Lifecycle, ledger: Ledger): Problem | null {
  if (lifecycle.draining) return new Problem('shutting_down')
  const { fault } = ledger
  if (!fault) return null
  const detail =
    fault instanceof AppendTimeout ? 'The store has not answered in time.' : storeFaultDetail(fault)
  return new Problem('ledger_unavailable', { cause: fault, ...(detail !== undefined && { detail }) })
}
