import { DomainError } from '../base/domain-error.ts'
import { type ProblemKind, problemTable } from './problem-table.ts'

export type ProblemCode = keyof typeof problemTable

/** In the order of the table. */
export const problemCodes = Object.keys(problemTable) as ProblemCode[]

/** Whether the call reached the upstream: nothing was sent, it answered, or bytes were sent and no answer came. */
export type Forwarded = 'no' | 'yes' | 'unknown'

/** A fault in the request. The JSON pointer is '' for the whole body, and `/params/…`, `/query/…`, `/headers/…` for the rest. */
export type FieldError = { readonly pointer: string; readonly detail: string }

/** What callers get of the upstream's answer: its status and, if any, its machine-readable ids. No text. */
export type UpstreamFacts = { readonly status: number; readonly code?: string; readonly request_id?: string }

export type ProblemOptions = {
  /** Replaces the table's sentence. Holds nothing that the caller or the upstream sent. */
  detail?: string
  forwarded?: Forwarded
  errors?: readonly FieldError[]
  /** The call may have taken effect although it failed: sending it again could do it twice. */
  uncertain?: boolean
  /** Whole seconds. Also sent as the Retry-After header. */
  retryAfter?: number
  upstream?: UpstreamFacts
  /** Further headers of the answer, e.g. Allow. */
  headers?: Readonly<Record<string, string>>
  /** The internal reason: for our log, never for the caller. */
  cause?: unknown
  /** For our log and the ledger, never for the caller. */
  logFields?: LogFields
}

/** Further facts for operators. */
type LogFields = {
  /** Why the upstream could not be reached: a name from `upstream/unreachable-cause.ts`. */
  readonly cause?: string | undefined
  /** Whose limit refused the call. */
  readonly limit?: string | undefined
}

/** A failure as the envelope shows it: a Problem, or a refusal on the admin listener. */
export class Failure<Code extends string = string> extends DomainError<Code> {
  readonly kind: Omit<ProblemKind, 'detail'>
  readonly options: ProblemOptions

  constructor(code: Code, kind: Omit<ProblemKind, 'detail'>, detail: string, options: ProblemOptions) {
    super(code, detail, { cause: options.cause })
    this.kind = kind
    this.options = options
  }

  get status(): number {
    return this.kind.status
  }
}

/** A failure on its way to a caller. Thrown anywhere, rendered in one place (`plugins/problem-envelope.ts`). */
export class Problem extends Failure<ProblemCode> {
  override readonly name = 'Problem'

  constructor(code: ProblemCode, options: ProblemOptions = {}) {
    const kind: ProblemKind = problemTable[code]
    super(code, kind, options.detail ?? kind.detail, options)
  }
}
