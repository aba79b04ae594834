import { isEnding, type ProcessState } from '../../base/process-state.ts'
import { Problem } from '../../contract/problem.ts'
import type { CredentialPool } from '../../custody/credential-pool.ts'
import { AppendTimeout } from '../../ledger/group-commit.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import { storeFaultDetail } from '../../store/store-fault.ts'

/** Why this process should get no calls now, or null when it should. */
export function unreadiness(
  lifecycle: ProcessState,
  credentials: CredentialPool,
  ledger: Ledger
): Problem | null {
  if (isEnding(lifecycle)) return new Problem('shutting_down')
  if (lifecycle.sealed)
    return new Problem('sealed', {
      detail:
        'No master key fits the store: put the right one where GATEWAY_MASTER_KEY says; the log says more.'
    })
  if (credentials.areSealed)
    return new Problem('sealed', {
      detail: 'No upstream credential can be opened; the log says which and why.'
    })
  const { fault } = ledger
  if (!fault) return null
  const detail =
    fault instanceof AppendTimeout ? 'The store has not answered in time.' : storeFaultDetail(fault)
  return new Problem('ledger_unavailable', { cause: fault, ...(detail !== undefined && { detail }) })
}
