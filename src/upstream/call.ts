import type { CallFields, OutcomeFields } from '../ledger/entry/entry.ts'

/** The request on whose behalf the upstream is called. */
export type Call = {
  readonly requestId: string
  /** Undefined for a call that the gateway makes for itself. */
  readonly clientIp: string | undefined
  /** Monotonic milliseconds at which the request arrived. */
  readonly startedAt: number
  /** True once the caller's connection is closed. */
  abandoned(): boolean
  /** Set once an intent is in the ledger: from then on an outcome, not a rejection, records how the request ended. */
  recorded: boolean
  /** The attempts made on its behalf, for the log: undefined until one has ended. */
  attempts: Attempts | undefined
}

/** The last attempt of a request, its outcome, and how many milliseconds all attempts spent upstream. */
export type Attempts = {
  readonly last: CallFields
  readonly outcome: OutcomeFields
  readonly upstreamMs: number
}

/** For whom a call is made, and the credentials that it may use, in order of preference. */
export type CallPrincipal = {
  readonly tenant: string | undefined
  readonly keyId: string | undefined
  readonly credentials: readonly string[]
}

/** One operation of the Content API, ready to be sent. */
export type Operation<T> = {
  readonly name: string
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly connectorId: string | undefined
  readonly request: { date_limit?: string }
  readonly body: string | null
  /** Reads the body of a 200, or returns null when it is not a valid answer to this operation. */
  readonly read: (body: string) => Reading<T> | null
}

/** How many members and items an answer may have: JSON.parse blocks the event loop for 80 ms over 100,000 names. */
export const maxAnswerMembers = 5_000

/** The body of a 200, read as a valid answer to an operation. */
export type Reading<T> = {
  readonly value: T
  /** The upstream's word for what it did, validated; undefined where the operation has none. */
  readonly state: string | undefined
}
