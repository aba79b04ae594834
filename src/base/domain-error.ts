export type DomainErrorOptions = ErrorOptions & {
  /** Further members of what programs are shown. They do not cross threads. */
  readonly facts?: Readonly<Record<string, unknown>>
}

/**
 * A failure that others tell apart by its code: a rule that refuses, a file that is missing, a store that is locked. One class
 * for all domains, so that it arrives from another thread as what it was (`rpc.ts`).
 */
export class DomainError<Code extends string = string> extends Error {
  override readonly name: string = 'DomainError'
  readonly code: Code
  readonly facts: Readonly<Record<string, unknown>> | undefined

  constructor(code: Code, message: string, { facts, ...options }: DomainErrorOptions = {}) {
    super(message, options)
    this.code = code
    this.facts = facts
  }
}
