import { Worker } from 'node:worker_threads'
import { monotonicMs } from './clock.ts'
import { type Connection, type Faults, openConnection, type Target } from './connection.ts'

export interface OpenLoopResult {
  readonly faults: Faults
  /** From the instant a request was due, not from when it could be sent: a stall counts for all it delayed. */
  readonly latenciesMs: Float64Array
  /** How late the generator itself was to send what it had a free connection for. */
  readonly latenessMs: Float64Array
}

const drainLimitMs = 5_000
// Time for the pacing thread to start.
const headStartMs = 200

/** Sends at a constant rate whether or not earlier requests are answered. */
export async function openLoop(
  target: Target,
  connections: number,
  seconds: number,
  perSecond: number
): Promise<OpenLoopResult> {
  const faults: Faults = { count: 0, first: null }
  const count = Math.round(seconds * perSecond)
  const everyMs = 1000 / perSecond
  const latenciesMs = new Float64Array(count)
  const latenessMs = new Float64Array(count)
  const drained = Promise.withResolvers<void>()
  const dueAt = new Map<Connection, number>()
  let due = 0
  let sent = 0
  let answered = 0

  // First in, first out: every connection takes its turn, so that none idles into the server's timeout.
  const free: Connection[] = []

  function sendDue(): void {
    while (sent < due) {
      const connection = free.shift()
      if (connection === undefined) return
      const at = startAtMs + sent * everyMs
      dueAt.set(connection, at)
      connection.send()
      latenessMs[sent++] = monotonicMs() - at
    }
  }

  function onAnswer(connection: Connection): void {
    latenciesMs[answered++] = monotonicMs() - (dueAt.get(connection) as number)
    free.push(connection)
    sendDue()
    if (answered === count) drained.resolve()
  }

  const opened = await Promise.all(
    Array.from({ length: connections }, (_, index) => openConnection(target, index, faults, onAnswer))
  )
  free.push(...opened)
  const startAtMs = monotonicMs() + headStartMs
  const cell = new Int32Array(new SharedArrayBuffer(4))
  const pacer = new Worker(new URL('./pacer.ts', import.meta.url), {
    workerData: { startAtMs, everyMs, count, cell }
  })
  pacer.on('message', (dueNow: number) => {
    due = dueNow
    sendDue()
  })
  const timer = setTimeout(drained.resolve, headStartMs + seconds * 1000 + drainLimitMs)
  await drained.promise
  clearTimeout(timer)
  Atomics.store(cell, 0, 1)
  Atomics.notify(cell, 0)
  await pacer.terminate()
  if (answered < count) {
    faults.count += count - answered
    faults.first ??= `${count - answered} of ${count} requests were never answered`
  }
  for (const connection of opened) connection.close()
  return { faults, latenciesMs: latenciesMs.subarray(0, answered), latenessMs: latenessMs.subarray(0, sent) }
}
