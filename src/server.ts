import { writeFileSync } from 'node:fs'
import inspector from 'node:inspector'
import { setTimeout as delay } from 'node:timers/promises'
import type { Config } from './config/config.ts'
import { type Gateway, startGateway } from './gateway.ts'
import { followProcessSignals, ignoreOtherSignals } from './process-signals.ts'
import { logEvents } from './telemetry/event-log.ts'
import { type EventPublisher, Events, type FailureEvent } from './telemetry/events.ts'
import { LogDestination } from './telemetry/log-destination.ts'
import { asBug, createLogger } from './telemetry/logger.ts'

/** How much longer than the upstream deadline a drain may take before the process ends anyway. */
const drainSlackMs = 8_000
/** How long the end of the process waits for its last log lines. */
const lastLinesMs = 1_000

/**
 * Runs the gateway as this process: logs to standard output, drains on SIGTERM, SIGINT or SIGQUIT, and then exits 0. A second
 * signal, or a drain that takes too long, ends it at once with 1. SIGHUP runs the commands of `exec:` references again.
 */
export async function serve(config: Config, env: NodeJS.ProcessEnv): Promise<void> {
  const destination = new LogDestination(1)
  const logger = createLogger(config.logLevel, destination)
  const events = new Events()
  logEvents(events, logger)
  const end = async (code: number) => {
    await destination.end(lastLinesMs)
    process.exit(code)
  }
  const fail = (event: FailureEvent, error: Error) => {
    events.publish(event, { err: asBug(error) })
    end(1)
  }
  process.on('uncaughtException', error => fail('process.uncaught_exception', error))
  hardenProcess(events)
  events.publish('process.starting', { pid: process.pid })
  const firstSignal = Promise.withResolvers<NodeJS.Signals>()
  let isSignalled = false
  let delaying: AbortController | null = null
  let gateway: Gateway | undefined
  // Before the start: a signal that comes during it is not lost, and the gateway drains as soon as it is up.
  followProcessSignals(process, {
    onEnd(signal) {
      if (!isSignalled) firstSignal.resolve(signal)
      else if (delaying) delaying.abort()
      else end(1)
      isSignalled = true
    },
    onRerunCommands() {
      const commands = gateway?.rerunCommands() ?? 0
      events.publish('process.commands_rerun', { signal: 'SIGHUP', commands })
    }
  })
  gateway = await startGateway(config, {
    env,
    logger,
    pid: process.pid,
    onStoreLost: error => fail('process.store_thread_ended', error),
    logIsLosing: () => destination.isLosing
  })

  const signal = await firstSignal.promise
  if (config.drainDelayMs > 0) {
    gateway.announceDrain()
    events.publish('process.drain_announced', { signal, delay_ms: config.drainDelayMs })
    delaying = new AbortController()
    // It rejects when a second signal ends it early, and then the drain begins all the same.
    await delay(config.drainDelayMs, undefined, { signal: delaying.signal }).catch(() => {})
    delaying = null
  }
  events.publish('process.draining', { signal })
  setTimeout(() => {
    events.publish('process.drain_timed_out', {})
    end(1)
  }, config.upstreamDeadlineMs + drainSlackMs).unref()
  await end(await drain(gateway, events))
}

/** Returns the exit code of the process. */
async function drain(gateway: Gateway, events: EventPublisher): Promise<number> {
  try {
    await gateway.close()
    events.publish('process.drained', {})
    return 0
  } catch (err) {
    events.publish('process.drain_failed', { err })
    return 1
  }
}

/** Linux: the kinds of memory that a core dump holds, as bits. */
const coreDumpFilter = '/proc/self/coredump_filter'

/** Closes the ways by which keys could leave the memory of this process. */
function hardenProcess(events: EventPublisher): void {
  // A diagnostic report lists the environment, which may hold a key.
  process.report.excludeEnv = true
  ignoreOtherSignals(process, events)
  if (inspector.url() !== undefined) {
    inspector.close()
    events.publish('process.inspector_closed', {})
  }
  const reason = 'a heap snapshot would hold keys'
  for (const signal of snapshotSignals()) {
    process.removeAllListeners(signal)
    process.on(signal, () => events.publish('process.signal_ignored', { signal, reason }))
  }
  if (process.platform !== 'linux') return
  try {
    writeFileSync(coreDumpFilter, '0')
  } catch (err) {
    events.publish('process.core_dump_not_emptied', { err })
  }
}

/** The signals at which Node's options make it write a heap snapshot. */
function snapshotSignals(): string[] {
  const options = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].join(' ')
  return [...options.matchAll(/--heapsnapshot-signal[= ](SIG[A-Z0-9]+)/g)].map(([, signal = '']) => signal)
}
