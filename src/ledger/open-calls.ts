import type { EntryFields } from './entry.ts'

/** The calls of one writer that have an intent and no outcome yet, so that recovery knows where to begin. */
export class OpenCalls {
  /** In the order of their intents: the first is the oldest. */
  readonly #open = new Map<string, number>()
  #uncommitted: { fields: EntryFields; seq: number }[] = []

  /** An entry has been inserted at `seq`; it counts once `advance` says that its transaction has committed. */
  note(fields: EntryFields, seq: number): void {
    if (fields.kind === 'call.intent' || fields.kind === 'call.outcome')
      this.#uncommitted.push({ fields, seq })
  }

  advance(): void {
    for (const { fields, seq } of this.#uncommitted) {
      const call = `${fields.request_id} ${fields.attempt}`
      if (fields.kind === 'call.intent') this.#open.set(call, seq)
      else this.#open.delete(call)
    }
    this.#uncommitted = []
  }

  rewind(): void {
    this.#uncommitted = []
  }

  /** The number of the oldest committed intent that is still open, or undefined when there is none. */
  oldest(): number | undefined {
    return this.#open.values().next().value
  }
}
