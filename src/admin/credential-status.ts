import { domainError } from '../contract/error-table.ts'
import { type Page, type PageRequest, positionOf, toPage } from '../contract/pagination.ts'
import { Problem } from '../contract/problem.ts'
import type { CredentialPool } from '../custody/credential-pool.ts'
import type { CredentialReconciler } from '../custody/credential-reconciler.ts'
import type { CredentialView } from '../custody/credential-views.ts'
import type { Breaker } from '../upstream/breaker.ts'

/** `sealed`: its key is unreadable; `refused`: the upstream has rejected it three times in a row, and its breaker is open. */
export type CredentialState = 'usable' | 'sealed' | 'refused'

/** A credential as this process holds it. */
export type CredentialStatus = CredentialView & { readonly state: CredentialState }

/** What administrators are told of the credentials of a process, from its memory. */
export class CredentialStatuses {
  readonly #keeper: Pick<CredentialReconciler, 'views'>
  readonly #credentials: Pick<CredentialPool, 'held'>
  readonly #breaker: Pick<Breaker, 'isOpen'>

  constructor(
    keeper: Pick<CredentialReconciler, 'views'>,
    credentials: Pick<CredentialPool, 'held'>,
    breaker: Pick<Breaker, 'isOpen'>
  ) {
    this.#keeper = keeper
    this.#credentials = credentials
    this.#breaker = breaker
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
    return { ...view, state: this.#stateOf(view.credential) }
  }

  #stateOf(name: string): CredentialState {
    if (this.#credentials.held(name).active === null) return 'sealed'
    return this.#breaker.isOpen(name) ? 'refused' : 'usable'
  }
}
