import type { Draft } from './draft.ts'

/** The calls of one writer that have an intent and no outcome yet, so that recovery knows where to begin. */
export class OpenCalls {
  /** In the order of their intents: the first is the oldest. */
  readonly #open = new Map<string, number>()
  #uncommitted: { draft: Draft; seq: number }[] = []

  /** An entry has been inserted at `seq`; it counts once `advance` says that its transaction has committed. */
  note(draft: Draft, seq: number): void {
    if (draft.opens !== undefined || draft.closes !== undefined) this.#uncommitted.push({ draft, seq })
  }

  advance(): void {
    for (const { draft, seq } of this.#uncommitted) {
      if (draft.opens !== undefined) this.#open.set(draft.opens, seq)
      else if (draft.closes !== undefined) this.#open.delete(draft.closes)
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
