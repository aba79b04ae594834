import type { EventPublisher } from '../telemetry/events.ts'

/** How often a sealed gateway looks whether its master key has come. */
const everyMs = 1_000

/** Tries to unseal until it works, and logs each new reason why it does not. Returns what stops it. */
export function retryUnsealing<Opened extends object>(
  store: { call(job: 'unseal', nothing: undefined): Promise<Opened | { sealed: string }> },
  events: EventPublisher,
  open: (opened: Opened) => Promise<void>
): () => void {
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  let told = ''

  async function reasonToWait(): Promise<string | null> {
    try {
      const found = await store.call('unseal', undefined)
      if ('sealed' in found) return found.sealed
      await open(found)
      return null
    } catch (error) {
      return (error as Error).message
    }
  }

  async function attempt(): Promise<void> {
    const reason = await reasonToWait()
    if (reason === null || stopped) return
    if (reason !== told) events.publish('gateway.still_sealed', { reason })
    told = reason
    timer = setTimeout(attempt, everyMs)
  }

  timer = setTimeout(attempt, everyMs)
  return () => {
    stopped = true
    clearTimeout(timer)
  }
}
