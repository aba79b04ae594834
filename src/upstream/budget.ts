import { type Limit, wholeSeconds } from '../limits/gcra.ts'
import { MemoryLimiter } from '../limits/memory-limiter.ts'
import { Problem } from '../problems.ts'

export type BudgetOptions = {
  /** What the upstream grants one key, in any minute. */
  perCredential: number
  /** What the upstream grants one egress address, in any minute. */
  perEgress: number
}

/**
 * Keeps this process within what the upstream grants: a call beyond it is refused here, with a truthful Retry-After,
 * instead of tripping the upstream's filters.
 */
export class Budget {
  readonly #limiter: Pick<MemoryLimiter, 'take'>
  readonly #perCredential: Limit
  readonly #perEgress: Limit

  constructor({ perCredential, perEgress }: BudgetOptions, limiter = new MemoryLimiter()) {
    this.#limiter = limiter
    this.#perCredential = withinAnyMinute(perCredential)
    this.#perEgress = withinAnyMinute(perEgress)
  }

  /** Takes one call from both budgets, or throws `upstream_busy` and takes none. */
  spend(credential: string): void {
    const decision = this.#limiter.take([
      { name: 'credential', key: `credential ${credential}`, limit: this.#perCredential },
      { name: 'egress', key: 'egress', limit: this.#perEgress }
    ])
    if (decision.allowed) return
    throw new Problem('upstream_busy', {
      detail: 'The budget of upstream calls is used up.',
      retryAfter: wholeSeconds(decision.retryAfterUs)
    })
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
