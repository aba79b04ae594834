import { type Connection, type Faults, openConnection, type Target } from './connection.ts'

export interface ClosedLoopResult {
  readonly faults: Faults
  readonly requests: number
  readonly seconds: number
}

// A contender that stops answering must not hold up the run.
const drainLimitMs = 5_000

/** Each connection sends its next request as soon as it has the answer to the last: as much as the server takes. */
export async function closedLoop(
  target: Target,
  connections: number,
  seconds: number
): Promise<ClosedLoopResult> {
  const faults: Faults = { count: 0, first: null }
  const drained = Promise.withResolvers<void>()
  let requests = 0
  let idle = 0
  let stopAt = Number.POSITIVE_INFINITY

  function onAnswer(connection: Connection): void {
    requests++
    if (performance.now() < stopAt) connection.send()
    else if (++idle === connections) drained.resolve()
  }

  const opened = await Promise.all(
    Array.from({ length: connections }, (_, index) => openConnection(target, index, faults, onAnswer))
  )
  const startedAt = performance.now()
  stopAt = startedAt + seconds * 1000
  for (const connection of opened) connection.send()
  const timer = setTimeout(drained.resolve, seconds * 1000 + drainLimitMs)
  await drained.promise
  clearTimeout(timer)
  const endedAt = performance.now()
  if (idle < connections) {
    faults.count += connections - idle
    faults.first ??= `${connections - idle} requests were never answered`
  }
  for (const connection of opened) connection.close()
  return { faults, requests, seconds: (endedAt - startedAt) / 1000 }
}
