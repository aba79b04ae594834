import type { Events } from '../telemetry/events.ts'
import type { MissingEntries } from './writer/missing-entries.ts'

/** How often the store is compared with the records beside it, in milliseconds; also after each of its faults. */
const checkEveryMs = 60_000

type Store = { call(job: 'missingEntries', nothing: undefined): Promise<readonly MissingEntries[]> }

/** Whether acknowledged entries are missing: one event for each writer, and a degradation in `/readyz` as long as they are. */
export class LedgerCompleteness {
  readonly #store: Store
  readonly #events: Events
  readonly #unsubscribe: () => void
  readonly #timer: NodeJS.Timeout
  readonly #reported = new Set<string>()
  #missing: readonly MissingEntries[] = []

  constructor(store: Store, events: Events) {
    this.#store = store
    this.#events = events
    this.#unsubscribe = events.subscribe('ledger.recovered', () => this.check())
    this.#timer = setInterval(() => this.check(), checkEveryMs).unref()
  }

  get isIncomplete(): boolean {
    return this.#missing.length > 0
  }

  /** All entries that are missing now. */
  note(missing: readonly MissingEntries[]): void {
    this.#missing = missing
    for (const { writer, acknowledged, stored } of missing) {
      if (this.#reported.has(writer)) continue
      this.#reported.add(writer)
      this.#events.publish('ledger.incomplete', {
        incident: 'ledger_incomplete',
        writer,
        acknowledged,
        stored
      })
    }
  }

  /** Compares now. When the store fails, the last result stays. */
  check(): void {
    this.#store.call('missingEntries', undefined).then(
      missing => this.note(missing),
      err => this.#events.publish('ledger.not_compared', { err })
    )
  }

  close(): void {
    clearInterval(this.#timer)
    this.#unsubscribe()
  }
}
