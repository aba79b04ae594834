import { domainError } from '../contract/error-table.ts'
import { type Page, type PageRequest, positionOf, toPage } from '../contract/pagination.ts'
import { Problem } from '../contract/problem.ts'
import type { CredentialState } from '../custody/credential.ts'
import type { CredentialPool } from '../custody/credential-pool.ts'
import type { CredentialReconciler } from '../custody/credential-reconciler.ts'
import type { CredentialView } from '../custody/credential-views.ts'

/** A credential as this process holds it: `refused` when the upstream has refused its key three times in a row. */
export type CredentialStatus = CredentialView & { readonly state: CredentialState }

/** What administrators are told of the credentials of a process, from its memory. */
export class CredentialStatuses {
  readonly #keeper: Pick<CredentialReconciler, 'views'>
  readonly #credentials: Pick<CredentialPool, 'stateOf'>

  constructor(keeper: Pick<CredentialReconciler, 'views'>, credentials: Pick<CredentialPool, 'stateOf'>) {
    this.#keeper = keeper
    this.#credentials = credentials
  }

  /** Credentials by name. Throws `sealed` when they were never read, and Refusal: cursor_invalid. */
  list(request: PageRequest): Page<CredentialStatus> {
    const [after = ''] = positionOf(request, 1) ?? []
    const views = this.#views().filter(({ credential }) => credential > after)
    return toPage(
      views,
      request.limit,
      ({ credential }) => [credential],
      view => this.#held(view)
    )
  }

  /** One credential. Throws `sealed` when none was ever read, and Refusal: credential_not_found. */
  show(name: string): CredentialStatus {
    const view = this.#views().find(({ credential }) => credential === name)
    if (!view) throw domainError('credential_not_found', 'there is no credential with this name')
    return this.#held(view)
  }

  #views(): readonly CredentialView[] {
    const views = this.#keeper.views(new Date())
    if (views) return views
    throw new Problem('sealed', { detail: 'The credentials in the store cannot be read; the log says why.' })
  }

  #held(view: CredentialView): CredentialStatus {
    return { ...view, state: this.#credentials.stateOf(view.credential) }
  }
}
