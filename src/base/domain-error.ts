export type DomainErrorOptions = ErrorOptions & {
  /** Further members of the problem that programs get. They do not cross threads. */
  readonly facts?: Readonly<Record<string, unknown>>
}

/** A failure with a code that callers test. One class for all domains, so that it crosses threads unchanged (`rpc.ts`). */
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
