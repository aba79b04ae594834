import type { Static } from '@sinclair/typebox'
import { DomainError } from '../base/domain-error.ts'
import { type ProblemKind, problemTable } from './problem-table.ts'
import type { FieldErrorSchema, ProblemSchema } from './schemas.ts'

export type ProblemCode = keyof typeof problemTable

/** In the order of the table. */
export const problemCodes = Object.keys(problemTable) as ProblemCode[]

/** The envelope: RFC 9457 members first, then ours. Every failed answer has exactly this shape. */
export type ProblemBody = Static<typeof ProblemSchema>

/** Whether the call reached the upstream. */
export type Forwarded = ProblemBody['forwarded']

/** A fault in the request. */
export type FieldError = Static<typeof FieldErrorSchema>

/** What callers get of the upstream's answer: its status and, if any, its machine-readable ids. No text. */
export type UpstreamFacts = NonNullable<ProblemBody['upstream']>

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

/** A failure's answer: its headers, and its text around the id of the request. */
export type RenderedProblem = {
  readonly headers: Readonly<Record<string, string>>
  readonly beforeId: string
  readonly afterId: string
}

/** A failure as the envelope shows it: a Problem, or a refusal on the admin listener. */
export class Failure<Code extends string = string> extends DomainError<Code> {
  readonly kind: Omit<ProblemKind, 'detail'>
  readonly options: ProblemOptions
  /** Kept by the first rendering: equal refusals share one object. */
  rendered: RenderedProblem | null = null

  constructor(code: Code, kind: Omit<ProblemKind, 'detail'>, detail: string, options: ProblemOptions) {
    // Without a stack, which nobody reads and which costs as much as the rest of a refusal.
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    super(code, detail, { cause: options.cause })
    Error.stackTraceLimit = stackTraceLimit
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
  static readonly #plain = new Map<ProblemCode, Problem>()

  /** The problem of a code with nothing added: one object for all requests, as nothing in it is of one. */
  static of(code: ProblemCode): Problem {
    const plain = Problem.#plain.get(code) ?? new Problem(code)
    Problem.#plain.set(code, plain)
    return plain
  }

  constructor(code: ProblemCode, options: ProblemOptions = {}) {
    const kind: ProblemKind = problemTable[code]
    super(code, kind, options.detail ?? kind.detail, options)
  }
}
