import { PollLoop } from '../base/poll-loop.ts'
import type { EventPublisher } from '../telemetry/events.ts'

/** How often a sealed gateway looks for its master key. */
const everyMs = 1_000

/** Tries to unseal until it works, and reports each new reason why it does not. Returns what stops it. */
export function retryUnsealing<Opened extends object>(
  store: { call(job: 'unseal', nothing: undefined): Promise<Opened | { sealed: string }> },
  events: EventPublisher,
  open: (opened: Opened) => Promise<void>
): () => void {
  let reported = ''

  const polling = new PollLoop(
    () => everyMs,
    async () => {
      try {
        const found = await store.call('unseal', undefined)
        if ('sealed' in found) return report(found.sealed)
        await open(found)
        polling.stop()
      } catch (error) {
        report((error as Error).message)
      }
    }
  )

  function report(reason: string): void {
    if (reason === reported || polling.isStopped) return
    events.publish('gateway.still_sealed', { reason })
    reported = reason
  }

  return () => polling.stop()
}
