import type { Finding } from '../verify/finding.ts'

type Code =
  | 'archive_exists'
  | 'nothing_to_prune'
  | 'archive_faulty'
  | 'prune_running'
  | 'pruned_meanwhile'
  | 'ledger_incomplete'

/** Why nothing was pruned. `fault` of `archive_faulty` is the first fault of the archive. */
export class PruneRefused extends Error {
  override readonly name = 'PruneRefused'
  readonly code: Code
  readonly fault: Finding | undefined
  constructor(code: Code, message: string, fault?: Finding) {
    super(message)
    this.code = code
    this.fault = fault
  }
}
