import { judge, type Limit, type Verdict, wholeSeconds } from '../limits/gcra.ts'
import { monotonicUs } from '../limits/memory-limiter.ts'

export type BudgetOptions = {
  /** What the upstream grants one key, in any minute. */
  perCredential: number
  /** What the upstream grants one egress address, in any minute. */
  perEgress: number
}

/** Why a call is refused here: whose budget is spent, and for how many seconds, rounded up. */
export type BudgetSpent = {
  readonly limit: 'credential_budget' | 'egress_budget'
  readonly retryAfter: number
}

/**
 * Keeps this process within what the upstream grants: a call beyond it is refused here, with a truthful Retry-After,
 * instead of tripping the upstream's filters.
 */
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

  /** Takes one call from both budgets and returns null, or takes none and says which of them refuses it for longest. */
  take(credential: string): BudgetSpent | null {
    const nowUs = this.#nowUs()
    const ofCredential = judge(this.#perCredential, this.#credentialTats.get(credential) ?? 0, nowUs)
    const ofEgress = judge(this.#perEgress, this.#egressTat, nowUs)
    if (!ofCredential.allowed || !ofEgress.allowed) return spent(ofCredential, ofEgress)
    this.#credentialTats.set(credential, ofCredential.tat)
    this.#egressTat = ofEgress.tat
    return null
  }
}

function spent(ofCredential: Verdict, ofEgress: Verdict): BudgetSpent {
  const egressIsLonger = ofEgress.retryAfterUs > ofCredential.retryAfterUs
  const { retryAfterUs } = egressIsLonger ? ofEgress : ofCredential
  return {
    limit: egressIsLonger ? 'egress_budget' : 'credential_budget',
    retryAfter: Math.max(1, wholeSeconds(retryAfterUs))
  }
}

/**
 * The limit that admits at most `calls` in *any* minute: a tenth may come at once and the rest flows steadily, so
 * that burst and flow together never pass it, wherever the minute begins.
 */
function withinAnyMinute(calls: number): Limit {
  const burst = Math.max(1, Math.floor(calls / 10))
  return { burst, ratePerMinute: Math.max(1, calls - burst) }
}
