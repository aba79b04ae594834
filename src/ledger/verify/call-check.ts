import type { ParsedEntry } from '../entry/parse-entry.ts'
import type { Finding } from './finding.ts'

type CallFinding = Pick<Finding, 'kind' | 'detail'>

/** How many closed calls are remembered at least, and half as many as at most: memory stays constant. A writer closes a call once. */
const closedCallsRemembered = 12_000

/** Finds entries that do not fit the history of a call: a second intent or outcome, an outcome without an intent. */
export class CallCheck {
  readonly open: Set<string>
  #closed = new Set<string>()
  /** Those closed before: replaced whole, which costs less than to delete the oldest one by one. */
  #closedEarlier = new Set<string>()

  /** `open` are calls whose intents come before all that is checked. */
  constructor(open: readonly string[] = []) {
    this.open = new Set(open)
  }

  add({ kind, requestId, attempt }: ParsedEntry): CallFinding | null {
    if (kind !== 'call.intent' && kind !== 'call.outcome') return null
    if (requestId === undefined || attempt === undefined)
      return { kind: 'malformed', detail: 'it names no call (request_id and attempt)' }
    // `join` copies: a template's string would keep the row alive that `requestId` was cut from.
    const call = [requestId, attempt].join(' ')
    return kind === 'call.intent' ? this.#addIntent(call) : this.#addOutcome(call)
  }

  #addIntent(call: string): CallFinding | null {
    if (this.open.has(call) || this.#isClosed(call))
      return { kind: 'repeated_call', detail: `it is a second intent of request ${call}` }
    this.open.add(call)
    return null
  }

  #addOutcome(call: string): CallFinding | null {
    if (this.open.delete(call)) {
      this.#close(call)
      return null
    }
    return this.#isClosed(call)
      ? { kind: 'repeated_call', detail: `it is a second outcome of request ${call}` }
      : { kind: 'outcome_without_intent', detail: `no intent of request ${call} comes before it` }
  }

  #isClosed(call: string): boolean {
    return this.#closed.has(call) || this.#closedEarlier.has(call)
  }

  #close(call: string): void {
    this.#closed.add(call)
    if (this.#closed.size < closedCallsRemembered) return
    this.#closedEarlier = this.#closed
    this.#closed = new Set()
  }
}
