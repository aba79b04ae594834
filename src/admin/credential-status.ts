import { domainError } from '../contract/error-table.ts'
import { cursorPosition, type Page, type PageRequest, toPage } from '../contract/pagination.ts'
import { Problem } from '../contract/problem.ts'
import type { CredentialPool } from '../custody/credential-pool.ts'
import type { CredentialReconciler } from '../custody/credential-reconciler.ts'
import type { CredentialView } from '../custody/credential-views.ts'
import type { Breaker } from '../upstream/breaker.ts'

/** `sealed`: its key is unreadable; `refused`: the upstream has rejected it three times in a row, and its breaker is open. */
export type CredentialState = 'usable' | 'sealed' | 'refused'

/** A credential as this process holds it. */
export type CredentialStatus = CredentialView & { readonly state: CredentialState }

/** The credentials of this process, from its memory. */
export type CredentialStatuses = {
  /** Credentials by name. Throws `sealed` when they were never read, and cursor_invalid. */
  list(request: PageRequest): Page<CredentialStatus>
  /** One credential. Throws `sealed` when none was ever read, and credential_not_found. */
  show(name: string): CredentialStatus
}

export function credentialStatuses(
  reconciler: Pick<CredentialReconciler, 'views'>,
  pool: Pick<CredentialPool, 'held'>,
  breaker: Pick<Breaker, 'isOpen'>
): CredentialStatuses {
  function stateOf(name: string): CredentialState {
    if (pool.held(name).active === null) return 'sealed'
    return breaker.isOpen(name) ? 'refused' : 'usable'
  }
  function read(): readonly CredentialStatus[] {
    const views = reconciler.views(new Date())
    if (views) return views.map(view => ({ ...view, state: stateOf(view.credential) }))
    throw new Problem('sealed', { detail: 'The credentials in the store cannot be read; the log says why.' })
  }
  return {
    list(request) {
      const [after = ''] = cursorPosition(request, 1) ?? []
      const rest = read().filter(({ credential }) => credential > after)
      return toPage(
        rest,
        request.limit,
        ({ credential }) => [credential],
        status => status
      )
    },
    show(name) {
      const status = read().find(({ credential }) => credential === name)
      if (!status) throw domainError('credential_not_found', 'there is no credential with this name')
      return status
    }
  }
}
