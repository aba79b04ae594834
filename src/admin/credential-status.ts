import { domainError } from '../contract/error-table.ts'
import { type Page, type PageRequest, positionOf, toPage } from '../contract/pagination.ts'
import { Problem } from '../contract/problem.ts'
import type { CredentialState } from '../custody/credential.ts'
import type { CredentialPool } from '../custody/credential-pool.ts'
import type { CredentialReconciler } from '../custody/credential-reconciler.ts'
import type { CredentialView } from '../custody/credential-views.ts'

/** A credential as this process holds it: `refused` when the upstream has refused its key three times in a row. */
export type CredentialStatus = CredentialView & { readonly state: CredentialState }

/** The credentials of this process, for administrators. */
export class CredentialStatuses {
  readonly #reconciler: Pick<CredentialReconciler, 'views'>
  readonly #pool: Pick<CredentialPool, 'stateOf'>

  constructor(reconciler: Pick<CredentialReconciler, 'views'>, pool: Pick<CredentialPool, 'stateOf'>) {
    this.#reconciler = reconciler
    this.#pool = pool
  }

  /** Credentials by name. Throws `sealed` when they were never read, and a refusal: cursor_invalid. */
  list(request: PageRequest): Page<CredentialStatus> {
    const [after = ''] = positionOf(request, 1) ?? []
    const views = this.#views().filter(({ credential }) => credential > after)
    return toPage(
      views,
      request.limit,
      ({ credential }) => [credential],
      view => this.#statusOf(view)
    )
  }

  /** One credential. Throws `sealed` when none was ever read, and a refusal: credential_not_found. */
  show(name: string): CredentialStatus {
    const view = this.#views().find(({ credential }) => credential === name)
    if (!view) throw domainError('credential_not_found', 'there is no credential with this name')
    return this.#statusOf(view)
  }

  #views(): readonly CredentialView[] {
    const views = this.#reconciler.views(new Date())
    if (views) return views
    throw new Problem('sealed', { detail: 'The credentials in the store cannot be read; the log says why.' })
  }

  #statusOf(view: CredentialView): CredentialStatus {
    return { ...view, state: this.#pool.stateOf(view.credential) }
  }
}
