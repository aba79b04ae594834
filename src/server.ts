import { writeFileSync } from 'node:fs'
import inspector from 'node:inspector'
import { setTimeout as delay } from 'node:timers/promises'
import type { Config } from './config/config.ts'
import { type Gateway, startGateway } from './gateway.ts'
import { followProcessSignals, ignoreOtherSignals } from './process-signals.ts'
import { LogDestination } from './telemetry/log-destination.ts'
import { asBug, createLogger, type Logger } from './telemetry/logger.ts'

/** How much longer than the upstream deadline a drain may take before the process ends anyway. */
const drainSlackMs = 8_000
/** How long the end of the process waits for its last log lines to be taken. */
const lastLinesMs = 1_000

/**
 * Runs the gateway as this process: logs to standard output, drains on SIGTERM, SIGINT or SIGQUIT, and then exits 0. A second
 * signal, or a drain that takes too long, ends it at once with 1. SIGHUP makes it look again at what it was given.
 */
export async function serve(config: Config, env: NodeJS.ProcessEnv): Promise<void> {
  const destination = new LogDestination(1)
  const logger = createLogger(config.logLevel, destination)

  hardenProcess(logger)
  const end = async (code: number) => {
    await destination.end(lastLinesMs)
    process.exit(code)
  }
  const fail = (error: Error, what: string) => {
    logger.fatal({ err: asBug(error) }, what)
    end(1)
  }
  process.on('uncaughtException', error => fail(error, 'uncaught exception'))
  // Before the start: a signal that comes during it is not lost, and the gateway drains as soon as it is up.
  logger.info({ pid: process.pid }, 'starting')
  const signalled = Promise.withResolvers<NodeJS.Signals>()
  const hurried = new AbortController()
  let times = 0
  let isDelayed = false
  let gateway: Gateway | undefined
  followProcessSignals(process, {
    onEnd(signal) {
      if (++times === 1) signalled.resolve(signal)
      else if (isDelayed) hurried.abort()
      else end(1)
    },
    onReadAgain() {
      const commands = gateway?.readAgain() ?? 0
      logger.info({ signal: 'SIGHUP', commands }, 'commands of exec: references run again')
    }
  })
  gateway = await startGateway(config, {
    env,
    logger,
    pid: process.pid,
    onStoreLost: error => fail(error, "the store's thread has ended"),
    logIsLosing: () => destination.isLosing
  })

  const signal = await signalled.promise
  if (config.drainDelayMs > 0) {
    gateway.announceEnd()
    logger.info(
      { signal, delay_ms: config.drainDelayMs },
      'the end is announced: calls are served until the drain'
    )
    isDelayed = true
    // It rejects when a second signal ends it early, and then the drain begins all the same.
    await delay(config.drainDelayMs, undefined, { signal: hurried.signal }).catch(() => {})
    isDelayed = false
  }
  logger.info({ signal }, 'draining')
  setTimeout(() => {
    logger.fatal('the drain took too long')
    end(1)
  }, config.upstreamDeadlineMs + drainSlackMs).unref()
  try {
    await gateway.close()
  } catch (error) {
    logger.fatal({ err: error }, 'the drain failed')
    return await end(1)
  }
  logger.info('drained')
  await end(0)
}

/** Linux: which memory a core dump holds, as bits. None of it: a dump tells where a process crashed, and no key. */
const coreDumpFilter = '/proc/self/coredump_filter'

/** Closes the ways by which keys could leave the memory of this process. */
function hardenProcess(logger: Logger): void {
  // A diagnostic report lists the environment, and a key may have been given there.
  process.report.excludeEnv = true
  ignoreOtherSignals(process, logger)
  if (inspector.url() !== undefined) {
    inspector.close()
    logger.warn('the inspector is closed: it could read keys')
  }
  for (const signal of snapshotSignals()) {
    process.removeAllListeners(signal)
    process.on(signal, () =>
      logger.warn({ signal }, 'this signal is ignored: a heap snapshot would hold keys')
    )
  }
  if (process.platform !== 'linux') return
  try {
    writeFileSync(coreDumpFilter, '0')
  } catch (err) {
    logger.warn({ err }, 'core dumps could not be emptied: forbid them (ulimit -c 0)')
  }
}

/** The signals at which Node was told, by its options, to write all of the memory to a file. */
function snapshotSignals(): string[] {
  const options = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].join(' ')
  return [...options.matchAll(/--heapsnapshot-signal[= ](SIG[A-Z0-9]+)/g)].map(([, signal = '']) => signal)
}
