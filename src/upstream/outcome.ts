import { strictJson } from '../base/strict-json.ts'
import { Problem, type UpstreamFacts } from '../contract/problem.ts'
import { problemTable } from '../contract/problem-table.ts'
import type { CredentialPool } from '../custody/credential-pool.ts'
import { maxAnswerMembers, type Reading } from './call.ts'
import { isFailureState } from './failure-states.ts'
import { failureOfResponse, failureOfStatus, type UpstreamFailure } from './failure-table.ts'
import { keyRejectedDetail } from './select-credential.ts'
import { retryAfterSeconds } from './transport/headers.ts'
import type { Answer, UpstreamResponse } from './transport/response.ts'
import { UpstreamError } from './transport/upstream-error.ts'

/** What came of an attempt: a value when it was accepted, or why not. */
export type Outcome<T> = Readonly<Omit<UpstreamFailure, 'code'>> & {
  readonly code: 'accepted' | UpstreamFailure['code']
  readonly value?: T
  readonly upstream?: UpstreamFacts | undefined
  /** The state in a valid answer, also one that says that nothing was done. */
  readonly state?: string | undefined
  /** Whole seconds. */
  readonly retryAfter?: number | undefined
  readonly cause?: unknown
  /** Whose limit refused the call: once it is forwarded, the upstream's alone. */
  readonly limit?: 'upstream' | undefined
  /** The answer contains a key of ours, or a text with so much of one that it is no chance. */
  readonly leaksKey: boolean
  /** Whole milliseconds. */
  readonly upstreamMs: number
}

/** What knows the keys of this process. */
type KnownKeys = Pick<CredentialPool, 'containsKeyPart'>

/** By chance an id may share eight characters with a form of a key, and never so many. */
const beyondChance = 16

type Unmeasured<T> = Omit<Outcome<T>, 'leaksKey' | 'upstreamMs'>
type Read<T> = (body: string) => Reading<T> | null

/** Judges a response: `read` takes the body of a 200, or returns null when it is not a valid answer. */
export function classify<T>(response: UpstreamResponse, read: Read<T>, keys: KnownKeys): Outcome<T> {
  const relay = new Relay(response.leaksKey, keys)
  const outcome = response.kind === 'answer' ? outcomeOf(response, read, relay) : outcomeOfFailure(response)
  return { ...outcome, leaksKey: relay.leaksKey, upstreamMs: Math.round(response.upstreamMs) }
}

/** Decides which parts of one answer may be relayed. */
class Relay {
  readonly #keys: KnownKeys
  readonly #answerLeaksKey: boolean
  /** Whether the answer contains a key of ours, or a text of it so much of one that it is no chance. */
  leaksKey: boolean

  constructor(answerLeaksKey: boolean, keys: KnownKeys) {
    this.#answerLeaksKey = answerLeaksKey
    this.leaksKey = answerLeaksKey
    this.#keys = keys
  }

  /** A text that the upstream chose may share nothing with a key. */
  mayRelay(text: string): boolean {
    const characters = this.#keys.containsKeyPart(text)
    if (characters >= beyondChance) this.leaksKey = true
    return characters === 0
  }

  /** The ids in a value are those of our own request: it may share a part of a key, but not contain a whole one. */
  mayRelayValue(value: unknown): boolean {
    return !this.#answerLeaksKey || Number.isFinite(this.#keys.containsKeyPart(JSON.stringify(value)))
  }
}

function outcomeOf<T>(answer: Answer, read: Read<T>, relay: Relay): Unmeasured<T> {
  const { status, headers, body } = answer
  const upstream = upstreamFacts(answer, relay)
  if (status !== 200)
    return { ...failed(failureOfStatus(status)), upstream, retryAfter: waitOf(status, headers.retryAfter) }
  const reading = isJson(headers.contentType) && isPlain(headers.contentEncoding) ? read(body) : null
  // A valid answer may still repeat our key, e.g. as its status: no form of keys can be relied upon.
  const mayRelay =
    reading !== null &&
    relay.mayRelayValue(reading.value) &&
    (reading.state === undefined || relay.mayRelay(reading.state))
  if (!mayRelay) return { code: 'upstream_answer_invalid', forwarded: 'yes', upstream }
  const { value, state } = reading
  // Something may have been done all the same, as `PARTLY_FAILED` would mean.
  if (state !== undefined && isFailureState(state))
    return { code: 'upstream_failed', forwarded: 'yes', uncertain: true, upstream, state }
  return { code: 'accepted', forwarded: 'yes', value, upstream, state }
}

function outcomeOfFailure(response: UpstreamResponse & { kind: 'failure' }): Unmeasured<never> {
  const { status, error: cause } = response
  const upstream = status === undefined ? undefined : { status }
  const retryAfter = cause instanceof UpstreamError ? cause.retryAfter : undefined
  return { ...failed(failureOfResponse(response)), upstream, retryAfter, cause }
}

function failed(failure: UpstreamFailure): Unmeasured<never> {
  return { ...failure, limit: failure.code === 'upstream_busy' ? 'upstream' : undefined }
}

/** A 429 always asks for a wait, a 503 only when it says so. */
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

/** Machine-readable ids only, in a form that cannot carry a sentence, and never one with a part of a key. */
function upstreamFacts({ status, headers, body }: Answer, relay: Relay): UpstreamFacts {
  const error = status === 200 ? undefined : contentServiceError(body)
  const code = token(error?.['errorCode'], relay)
  const requestId = token(error?.['requestId'], relay) ?? token(headers.requestId, relay)
  return {
    status,
    ...(code !== undefined && { code }),
    ...(requestId !== undefined && { request_id: requestId })
  }
}

function token(text: unknown, relay: Relay): string | undefined {
  if (typeof text !== 'string' || text === '') return undefined
  return /^[A-Za-z0-9_.:-]{1,64}$/.test(text) && relay.mayRelay(text) ? text : undefined
}

/** The content service's error object; undefined for an HTML page or a cut body, whose status alone counts. */
function contentServiceError(body: string): Record<string, unknown> | undefined {
  return body.startsWith('{')
    ? (strictJson(body, maxAnswerMembers) as Record<string, unknown> | undefined)
    : undefined
}

/** The upstream checks the key before it gives these answers. A 403, a 429 or a 5xx may come from in front of that check. */
const behindKeyCheck: ReadonlySet<number | undefined> = new Set([200, 400, 404])

/** What an attempt says of our key, whatever became of the call. */
export function keyVerdict({ code, upstream }: Outcome<unknown>): 'accepted' | 'rejected' | 'unknown' {
  if (code === 'upstream_credential_rejected') return 'rejected'
  return behindKeyCheck.has(upstream?.status) ? 'accepted' : 'unknown'
}

/** The gateway's own status for an outcome; undefined when nobody is there to be answered. */
export function statusOf(code: Outcome<unknown>['code']): number | undefined {
  if (code === 'accepted') return 200
  return code === 'client_disconnected' ? undefined : problemTable[code].status
}

/** The Problem that answers a failed outcome. */
export function problemOf(outcome: Outcome<unknown>): Problem {
  const { code, forwarded, uncertain, upstream, retryAfter, cause, unreachable, limit } = outcome
  // Nobody will read this answer; the request still has to end.
  if (code === 'client_disconnected' || code === 'accepted') return new Problem('request_timeout', { cause })
  const isKeyRejected = cause instanceof UpstreamError && cause.code === 'KEY_REFUSED'
  return new Problem(code, {
    forwarded,
    ...(uncertain !== undefined && forwarded !== 'unknown' && { uncertain }),
    ...(upstream && { upstream }),
    ...(retryAfter !== undefined && { retryAfter }),
    ...(isKeyRejected && { detail: keyRejectedDetail }),
    logFields: { cause: unreachable, limit },
    cause
  })
}
