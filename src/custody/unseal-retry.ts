import type { EventPublisher } from '../telemetry/events.ts'

/** How often a sealed gateway looks for its master key. */
const everyMs = 1_000

/** Tries to unseal until it works, and reports each new reason why it does not. Returns what stops it. */
export function retryUnsealing<Opened extends object>(
  store: { call(job: 'unseal', nothing: undefined): Promise<Opened | { sealed: string }> },
  events: EventPublisher,
  open: (opened: Opened) => Promise<void>
): () => void {
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  let reported = ''

  async function attempt(): Promise<void> {
    try {
      const found = await store.call('unseal', undefined)
      if (!('sealed' in found)) return await open(found)
      retry(found.sealed)
    } catch (error) {
      retry((error as Error).message)
    }
  }

  function retry(reason: string): void {
    if (stopped) return
    if (reason !== reported) events.publish('gateway.still_sealed', { reason })
    reported = reason
    timer = setTimeout(attempt, everyMs)
  }

  timer = setTimeout(attempt, everyMs)
  return () => {
    stopped = true
    clearTimeout(timer)
  }
}
