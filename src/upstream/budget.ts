import { judge, type Limit, wholeSeconds } from '../limits/gcra.ts'
import { monotonicUs } from '../limits/memory-limiter.ts'

/** What the upstream grants one key, and one egress address, in any minute. */
type BudgetOptions = { perCredential: number; perEgress: number }

/** Why a call is refused here: whose budget is spent, and for how many seconds, rounded up. */
export type BudgetSpent = {
  readonly limit: 'credential_budget' | 'egress_budget'
  readonly retryAfter: number
}

/** Refuses calls beyond what the upstream grants, with a truthful Retry-After, before they trip the upstream's filters. */
export class Budget {
  readonly #nowUs: () => number
  readonly #perCredential: Limit
  readonly #perEgress: Limit
  readonly #credentialTats = new Map<string, number>()
  #egressTat = 0

  constructor({ perCredential, perEgress }: BudgetOptions, nowUs = monotonicUs) {
    this.#nowUs = nowUs
    this.#perCredential = withinAnyMinute(perCredential)
    this.#perEgress = withinAnyMinute(perEgress)
  }

  /** Charges one call to both budgets and returns null, or charges none and returns the one that refuses it for longest. */
  take(credential: string): BudgetSpent | null {
    const nowUs = this.#nowUs()
    const ofCredential = judge(this.#perCredential, this.#credentialTats.get(credential) ?? 0, nowUs)
    const ofEgress = judge(this.#perEgress, this.#egressTat, nowUs)
    if (ofCredential.allowed && ofEgress.allowed) {
      this.#credentialTats.set(credential, ofCredential.tat)
      this.#egressTat = ofEgress.tat
      return null
    }
    const limit = ofEgress.retryAfterUs > ofCredential.retryAfterUs ? 'egress_budget' : 'credential_budget'
    const longest = Math.max(ofEgress.retryAfterUs, ofCredential.retryAfterUs)
    return { limit, retryAfter: Math.max(1, wholeSeconds(longest)) }
  }
}

/** Admits at most `calls` in *any* minute, wherever it begins: a tenth may come at once, the rest flows steadily. */
function withinAnyMinute(calls: number): Limit {
  const burst = Math.max(1, Math.floor(calls / 10))
  return { burst, ratePerMinute: Math.max(1, calls - burst) }
}
