import { isEnding, type ProcessState } from '../../base/process-state.ts'
import { hasCode } from '../../contract/error-table.ts'
import { Problem } from '../../contract/problem.ts'
import type { CredentialPool } from '../../custody/credential-pool.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import { isStoreFault } from '../../store/store-fault.ts'

/** Why this process should get no calls now, or null when it should. */
export function unreadiness(
  processState: ProcessState,
  credentials: Pick<CredentialPool, 'areUnreadable'>,
  ledger: Ledger
): Problem | null {
  if (isEnding(processState)) return new Problem('shutting_down')
  if (processState.sealed)
    return new Problem('sealed', {
      detail:
        'No master key fits the store: put the right one where GATEWAY_MASTER_KEY says; the log says more.'
    })
  if (credentials.areUnreadable)
    return new Problem('sealed', {
      detail: 'No upstream credential can be opened; the log says which and why.'
    })
  const { fault } = ledger
  if (!fault) return null
  const isLate = hasCode(fault, 'store_timeout')
  const detail = isLate
    ? 'The store has not answered in time.'
    : isStoreFault(fault)
      ? fault.message
      : undefined
  return new Problem('ledger_unavailable', { cause: fault, ...(detail !== undefined && { detail }) })
}
