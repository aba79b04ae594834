import { BoundedMap } from '../../base/bounded-map.ts'
import type { ParsedEntry } from '../entry/parse-entry.ts'
import type { Finding } from './finding.ts'

type CallFinding = Pick<Finding, 'kind' | 'detail'>

/** How many closed calls are remembered at most, so that memory stays constant. Writers open and close a call once. */
const closedCallsRemembered = 12_000

/** Finds entries that do not fit the history of a call: a second intent or outcome, an outcome without an intent. */
export class CallCheck {
  readonly open: Set<string>
  readonly #closed = new BoundedMap<string, true>(closedCallsRemembered)

  /** `open` are calls whose intents come before all that is checked. */
  constructor(open: readonly string[] = []) {
    this.open = new Set(open)
  }

  add({ kind, requestId, attempt }: ParsedEntry): CallFinding | null {
    if (kind !== 'call.intent' && kind !== 'call.outcome') return null
    if (requestId === undefined || attempt === undefined)
      return { kind: 'malformed', detail: 'it names no call (request_id and attempt)' }
    const call = `${requestId} ${attempt}`
    return kind === 'call.intent' ? this.#addIntent(call) : this.#addOutcome(call)
  }

  #addIntent(call: string): CallFinding | null {
    if (this.open.has(call) || this.#closed.has(call))
      return { kind: 'repeated_call', detail: `it is a second intent of request ${call}` }
    this.open.add(call)
    return null
  }

  #addOutcome(call: string): CallFinding | null {
    if (this.open.delete(call)) {
      this.#closed.set(call, true)
      return null
    }
    return this.#closed.has(call)
      ? { kind: 'repeated_call', detail: `it is a second outcome of request ${call}` }
      : { kind: 'outcome_without_intent', detail: `no intent of request ${call} comes before it` }
  }
}
