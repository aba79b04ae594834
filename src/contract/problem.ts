import { type ProblemKind, problemTable } from './problem-table.ts'

/** What a failure is called: the name of its row in the table. */
export type ProblemCode = keyof typeof problemTable

/** All of them, in the order of the table. */
export const problemCodes = Object.keys(problemTable) as ProblemCode[]

/** Whether the call reached the upstream: nothing was sent, it answered, or bytes were sent and no answer came. */
export type Forwarded = 'no' | 'yes' | 'unknown'

/**
 * One fault in the request: a JSON pointer into the body, '' for all of it, or `/params/…`, `/query/…`, `/headers/…` into
 * the rest.
 */
export type FieldError = { readonly pointer: string; readonly detail: string }

/** What is told of the upstream's answer: its status and, where it gave them, its machine-readable ids. No text. */
export type UpstreamFacts = { readonly status: number; readonly code?: string; readonly request_id?: string }

export type ProblemOptions = {
  /** Replaces the table's sentence. Never holds anything the caller or the upstream sent. */
  detail?: string
  forwarded?: Forwarded
  errors?: readonly FieldError[]
  /** The call may have taken effect although the upstream reported a failure: sending it again could do it twice. */
  uncertain?: boolean
  /** Whole seconds. Also sent as the Retry-After header. */
  retryAfter?: number
  upstream?: UpstreamFacts
  /** Further headers of the answer, e.g. Allow. */
  headers?: Readonly<Record<string, string>>
  /** The internal reason: for our log, never for the caller. */
  cause?: unknown
  /** For our log and the ledger, never for the caller. */
  facts?: ProblemFacts
}

/** What operators learn of a failure beside its code. */
export type ProblemFacts = {
  /** Why the upstream could not be reached, of a closed list (`upstream/unreachable-cause.ts`). */
  readonly cause?: string | undefined
  /** Whose limit refused the call. */
  readonly limit?: string | undefined
}

/** What the envelope needs to know of a kind of failure. */
export type RenderedKind = Pick<ProblemKind, 'status' | 'title' | 'retryable' | 'action'>

/** A failure as the envelope shows it: a Problem, or one of those that only the admin listener knows. */
export class Failure<Code extends string = string> extends Error {
  readonly code: Code
  readonly kind: RenderedKind
  readonly options: ProblemOptions

  constructor(code: Code, kind: RenderedKind, detail: string, options: ProblemOptions) {
    super(detail, { cause: options.cause })
    this.code = code
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
