import type { PendingEntry } from '../entry/pending-entry.ts'

/** The calls of one writer that can be closed: those without an outcome. Changes become final with `advance`. */
export class OpenCalls {
  /** Call to the number of its intent, in the order of intents: the first is the oldest. */
  #open = new Map<string, number>()
  /** What the transaction under way has opened and closed. */
  #opened: string[] = []
  #closed: [call: string, seq: number][] = []

  /** Whether an outcome of this call may be stored. */
  has(call: string): boolean {
    return this.#open.has(call)
  }

  /** Applies an entry that is being stored at `seq`. Throws when it opens a call a second time: that is a bug. */
  note({ opens, closes }: PendingEntry, seq: number): void {
    if (closes !== undefined) this.#close(closes)
    if (opens === undefined) return
    if (this.#open.has(opens)) throw new Error(`a second intent of call ${opens}`)
    this.#open.set(opens, seq)
    this.#opened.push(opens)
  }

  #close(call: string): void {
    const seq = this.#open.get(call)
    if (seq === undefined) return
    this.#open.delete(call)
    this.#closed.push([call, seq])
  }

  /** The transaction has committed. */
  advance(): void {
    this.#opened = []
    this.#closed = []
  }

  /** The transaction has failed. */
  rewind(): void {
    const reopened = [...this.#closed, ...this.#open].sort(([, one], [, other]) => one - other)
    this.#open = new Map(reopened)
    for (const call of this.#opened) this.#open.delete(call)
    this.advance()
  }

  /** Another process has closed them all. */
  forget(): void {
    this.#open = new Map()
  }

  /** The number of the oldest open intent; undefined when there is none. */
  oldest(): number | undefined {
    return this.#open.values().next().value
  }
}
