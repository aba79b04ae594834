import { strictJson } from '../base/strict-json.ts'
import { type Forwarded, Problem, type UpstreamFacts } from '../contract/problem.ts'
import { problemTable } from '../contract/problem-table.ts'
import { failureOfResponse, failureOfStatus, type UpstreamFailure } from './failure-table.ts'
import { retryAfterSeconds } from './headers.ts'
import { KeyRefused, maxAnswerMembers, type Reading, type UpstreamResponse } from './response.ts'
import { keyRefusedDetail } from './select-credential.ts'
import type { UnreachableCause } from './unreachable-cause.ts'

/** What came of a call: with a value when it was accepted, or why not. Members that do not apply are undefined. */
export type Outcome<T> = {
  readonly code: 'accepted' | UpstreamFailure['code']
  readonly forwarded: Forwarded
  readonly uncertain: boolean | undefined
  readonly value: T | undefined
  readonly upstream: UpstreamFacts | undefined
  /** The state that a valid answer gives, also one that says that nothing was done. */
  readonly state: string | undefined
  readonly retryAfter: number | undefined
  readonly cause: unknown
  readonly unreachable: UnreachableCause | undefined
  /** Whose limit refused the call: past the door it is the upstream's alone. */
  readonly limit: 'upstream' | undefined
  /** A text that would have been relayed shares so much with a key of ours that it is no chance. */
  readonly repeatsKey: boolean
}

/** How many characters in a row a text shares with a key of ours: 0, or eight and more, Infinity for a whole key. */
type PartOfKey = (text: string) => number

/** By chance an id may share eight characters with a form of a key, and never so many. */
const beyondChance = 16

/** Decides which texts of one answer may go further, and remembers whether one of them shared much with a key. */
class Relay {
  repeatsKey = false
  readonly #partOfKey: PartOfKey

  constructor(partOfKey: PartOfKey) {
    this.#partOfKey = partOfKey
  }

  /** Whether a text that the upstream chose shares nothing with a key. */
  admits(text: string): boolean {
    const shared = this.#partOfKey(text)
    this.repeatsKey ||= shared >= beyondChance
    return shared === 0
  }

  /**
   * Whether a valid answer may be passed on. The ids in it are those that it was asked with: they may share a part. A whole
   * key is in the value only if one is in the answer.
   */
  admitsReading({ value, state }: Reading<unknown>, { reveals }: UpstreamResponse): boolean {
    const holdsKey = reveals && !Number.isFinite(this.#partOfKey(JSON.stringify(value)))
    return !holdsKey && (state === undefined || this.admits(state))
  }
}

/** Reads an exchange: `read` takes the body of a 200, or returns null when it is no valid answer. */
export function classify<T>(
  exchange: UpstreamResponse,
  read: (body: string) => Reading<T> | null,
  partOfKey: PartOfKey
): Outcome<T> {
  const relay = new Relay(partOfKey)
  const result = readWith(exchange, read, relay)
  return relay.repeatsKey ? { ...result, repeatsKey: true } : result
}

function readWith<T>(
  exchange: UpstreamResponse,
  read: (body: string) => Reading<T> | null,
  relay: Relay
): Outcome<T> {
  if (exchange.kind === 'failure') {
    const upstream = exchange.status === undefined ? undefined : { status: exchange.status }
    const retryAfter = exchange.error instanceof KeyRefused ? exchange.error.retryAfter : undefined
    return failed(failureOfResponse(exchange), upstream, retryAfter, exchange.error)
  }
  const { status, headers, body } = exchange
  const upstream = upstreamFacts(exchange, relay)
  if (status !== 200)
    return failed(failureOfStatus(status), upstream, waitOf(status, headers.retryAfter), undefined)
  const reading = isJson(headers.contentType) && isPlain(headers.contentEncoding) ? read(body) : null
  // A valid answer may still repeat our key, e.g. as its status: no form of keys can be relied upon.
  if (reading === null || !relay.admitsReading(reading, exchange))
    return failed({ code: 'upstream_answer_invalid', forwarded: 'yes' }, upstream, undefined, undefined)
  const { value, state, refused } = reading
  // Something may have been done all the same, as `PARTLY_FAILED` would mean.
  if (refused)
    return { ...failed({ code: 'upstream_failed', forwarded: 'yes', uncertain: true }, upstream), state }
  return {
    code: 'accepted',
    forwarded: 'yes',
    uncertain: undefined,
    value,
    upstream,
    state,
    retryAfter: undefined,
    cause: undefined,
    unreachable: undefined,
    limit: undefined,
    repeatsKey: false
  }
}

function failed(
  { code, forwarded, uncertain, unreachable }: UpstreamFailure,
  upstream: UpstreamFacts | undefined,
  retryAfter?: number,
  cause?: unknown
): Outcome<never> {
  return {
    code,
    forwarded,
    uncertain,
    value: undefined,
    upstream,
    state: undefined,
    retryAfter,
    cause,
    unreachable,
    limit: code === 'upstream_busy' ? 'upstream' : undefined,
    repeatsKey: false
  }
}

/** A 429 always asks for a wait, and a 503 only when it says so. */
function waitOf(status: number, retryAfter: string): number | undefined {
  if (status !== 429 && status !== 503) return undefined
  return retryAfterSeconds(retryAfter, Date.now()) ?? (status === 429 ? 1 : undefined)
}

function isJson(contentType: string): boolean {
  return contentType === 'application/json' || /^application\/json[ \t]*(;|$)/i.test(contentType)
}

function isPlain(contentEncoding: string): boolean {
  return contentEncoding === '' || contentEncoding.toLowerCase() === 'identity'
}

/** Machine-readable ids only, and only in a form that cannot carry a sentence; never one with a part of a key. */
function upstreamFacts(
  { status, headers, body }: UpstreamResponse & { kind: 'answer' },
  relay: Relay
): UpstreamFacts {
  const error = status === 200 ? undefined : contentServiceError(body)
  const token = (text: unknown) =>
    typeof text === 'string' && /^[A-Za-z0-9_.:-]{1,64}$/.test(text) && relay.admits(text) ? text : undefined
  const code = token(error?.['errorCode'])
  const requestId =
    token(error?.['requestId']) ?? (headers.requestId === '' ? undefined : token(headers.requestId))
  return {
    status,
    ...(code !== undefined && { code }),
    ...(requestId !== undefined && { request_id: requestId })
  }
}

/** The body as the content service's error object, or undefined when it is something else. */
function contentServiceError(body: string): Record<string, unknown> | undefined {
  // Of an HTML page or a cut body nothing counts but the status.
  return body.startsWith('{')
    ? (strictJson(body, maxAnswerMembers) as Record<string, unknown> | undefined)
    : undefined
}

/** The upstream says that our key is bad. */
export function isKeyRefused({ code }: Outcome<unknown>): boolean {
  return code === 'upstream_credential_rejected'
}

/** Only these answers come from behind the check of the key. A 403, a 429 or a 5xx may come from in front of it. */
const answersToKnown: ReadonlySet<number | undefined> = new Set([200, 400, 404])

/** The upstream has taken our key, whatever it said to the call. */
export function isKeyTaken({ upstream }: Outcome<unknown>): boolean {
  return answersToKnown.has(upstream?.status)
}

/** The gateway's own status for a result; undefined when nobody is there to be answered. */
export function statusOf(code: Outcome<unknown>['code']): number | undefined {
  if (code === 'accepted') return 200
  return code === 'client_disconnected' ? undefined : problemTable[code].status
}

/** The Problem that a failed result is answered with. */
export function problemOf({
  code,
  forwarded,
  uncertain,
  upstream,
  retryAfter,
  cause,
  unreachable,
  limit
}: Outcome<unknown>): Problem {
  // Nobody will read this answer; the request still has to end.
  if (code === 'client_disconnected' || code === 'accepted') return new Problem('request_timeout', { cause })
  return new Problem(code, {
    forwarded,
    ...(uncertain !== undefined && forwarded !== 'unknown' && { uncertain }),
    ...(upstream && { upstream }),
    ...(retryAfter !== undefined && { retryAfter }),
    ...(cause instanceof KeyRefused && { detail: keyRefusedDetail }),
    facts: { cause: unreachable, limit },
    cause
  })
}
