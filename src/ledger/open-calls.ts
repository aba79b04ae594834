import type { Draft } from './draft.ts'

/**
 * The calls of one writer that have an intent and no outcome yet: only these can be closed, and recovery begins at the
 * oldest of them. What a transaction changes counts once it has committed.
 */
export class OpenCalls {
  /** Call to the number of its intent, in the order of intents: the first is the oldest. */
  #open = new Map<string, number>()
  readonly #opened = new Map<string, number>()
  readonly #closed = new Set<string>()

  /** Whether an outcome of this call may be stored. */
  has(call: string): boolean {
    return (this.#open.has(call) || this.#opened.has(call)) && !this.#closed.has(call)
  }

  /** An entry is being stored at `seq`. Throws when a call would be opened twice: that is a bug. */
  note({ opens, closes }: Draft, seq: number): void {
    if (closes !== undefined) this.#closed.add(closes)
    if (opens === undefined) return
    if (this.#open.has(opens) || this.#opened.has(opens)) throw new Error(`a second intent of call ${opens}`)
    this.#opened.set(opens, seq)
  }

  /** The transaction has committed. */
  advance(): void {
    for (const [call, seq] of this.#opened) this.#open.set(call, seq)
    for (const call of this.#closed) this.#open.delete(call)
    this.rewind()
  }

  /** The transaction has not. */
  rewind(): void {
    this.#opened.clear()
    this.#closed.clear()
  }

  /** Another process has closed them all. */
  forget(): void {
    this.#open = new Map()
  }

  /** The number of the oldest committed intent that is still open, or undefined when there is none. */
  oldest(): number | undefined {
    return this.#open.values().next().value
  }
}
