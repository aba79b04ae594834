import type { Credentials } from '../custody/credentials.ts'
import type { CallFacts, OutcomeFacts } from '../ledger/entry.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { type Forwarded, Problem, problemTable, type UpstreamFacts } from '../problems.ts'
import type { Budget } from './budget.ts'
import { type Failure, failureOfExchange, failureOfStatus } from './failure.ts'
import { requestHeaders, retryAfterSeconds } from './headers.ts'
import type { Exchange, Transport } from './transport.ts'

/** The request on whose behalf a call is made. */
export type Call = {
  readonly requestId: string
  readonly clientIp: string
  /** Monotonic milliseconds at which the request arrived. */
  readonly startedAt: number
  /** True once the caller's connection has gone. */
  abandoned(): boolean
  /** Set once an intent is in the ledger: from then on an outcome, and no rejection, tells how the request ended. */
  recorded: boolean
}

/** One operation of the Content API, ready to be sent. */
export type Operation<T> = {
  readonly name: string
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly connectorId: string
  readonly request: { date_limit?: string }
  readonly body: string | null
  /** Reads the body of a 200, or returns null when it is not a valid answer to this operation. */
  readonly read: (body: string) => T | null
}

export type ForwardDependencies = {
  transport: Pick<Transport, 'send' | 'full'>
  credentials: Credentials
  budget: Pick<Budget, 'spend'>
  ledger: Pick<Ledger, 'recordIntent' | 'recordOutcome'>
  deadlineMs: number
}

export type Forward = <T>(
  call: Call,
  caller: { tenant: string; keyId: string },
  operation: Operation<T>
) => Promise<T>

const credentialName = 'default'

/**
 * The door: the only way to the upstream. Nothing passes it without a durable intent, and nothing comes back
 * without a durable outcome. Throws a Problem for everything but a valid 200.
 */
export function openDoor({
  transport,
  credentials,
  budget,
  ledger,
  deadlineMs
}: ForwardDependencies): Forward {
  return async function forward(call, caller, operation) {
    if (transport.full) throw new Problem('overloaded', { retryAfter: 1 })
    budget.spend(credentialName)
    const facts = factsOf(call, caller, operation, credentials.label(credentialName))
    await ledger.recordIntent(facts)
    call.recorded = true

    const exchange = await credentials.use(credentialName, secret =>
      transport.send({
        method: operation.method,
        path: operation.path,
        headers: requestHeaders(secret, call.requestId),
        body: operation.body,
        deadlineMs,
        abandoned: () => call.abandoned()
      })
    )

    const result = classify(exchange, operation.read, text => credentials.revealedBy(text))
    await ledger.recordOutcome(facts, outcomeOf(result, call))
    if (result.value === undefined) throw problemOf(result)
    return result.value
  }
}

/** What came of a call: with a value when it was accepted, or why not. Members that do not apply are undefined. */
type Result<T> = {
  readonly code: 'accepted' | Failure['code']
  readonly forwarded: Forwarded
  readonly uncertain: boolean | undefined
  readonly value: T | undefined
  readonly upstream: UpstreamFacts | undefined
  readonly retryAfter: number | undefined
  readonly cause: unknown
}

type Reveals = (text: string) => boolean

function classify<T>(exchange: Exchange, read: (body: string) => T | null, reveals: Reveals): Result<T> {
  if (exchange.kind === 'failure') {
    const upstream = exchange.status === undefined ? undefined : { status: exchange.status }
    return failed(failureOfExchange(exchange), upstream, undefined, exchange.error)
  }
  const { status, headers, body } = exchange
  const upstream = upstreamFacts(exchange, reveals)
  if (status !== 200)
    return failed(failureOfStatus(status), upstream, waitOf(status, headers.retryAfter), undefined)
  const value = isJson(headers.contentType) && isPlain(headers.contentEncoding) ? read(body) : null
  // A valid answer may still repeat our key, e.g. as its status: no form of keys can be relied upon.
  if (value === null || reveals(JSON.stringify(value)))
    return failed({ code: 'upstream_answer_invalid', forwarded: 'yes' }, upstream, undefined, undefined)
  return {
    code: 'accepted',
    forwarded: 'yes',
    uncertain: undefined,
    value,
    upstream,
    retryAfter: undefined,
    cause: undefined
  }
}

function failed(
  { code, forwarded, uncertain }: Failure,
  upstream: UpstreamFacts | undefined,
  retryAfter: number | undefined,
  cause: unknown
): Result<never> {
  return { code, forwarded, uncertain, value: undefined, upstream, retryAfter, cause }
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

/** Machine-readable ids only, and only in a form that cannot carry a sentence; never one that holds a key. */
function upstreamFacts(
  { status, headers, body }: Exchange & { kind: 'answer' },
  reveals: Reveals
): UpstreamFacts {
  const error = status === 200 ? undefined : contentServiceError(body)
  const token = (text: unknown) =>
    typeof text === 'string' && /^[A-Za-z0-9_.:-]{1,64}$/.test(text) && !reveals(text) ? text : undefined
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
  if (!body.startsWith('{')) return undefined
  try {
    return JSON.parse(body) as Record<string, unknown>
  } catch {
    // An HTML page or a cut body: it has nothing to tell but its status.
    return undefined
  }
}

function factsOf(
  call: Call,
  caller: { tenant: string; keyId: string },
  operation: Pick<Operation<unknown>, 'name' | 'connectorId' | 'request'>,
  credential: string
): CallFacts {
  return {
    request_id: call.requestId,
    tenant: caller.tenant,
    key_id: caller.keyId,
    connector_id: operation.connectorId,
    operation: operation.name,
    attempt: 1,
    client_ip: call.clientIp,
    request: operation.request,
    credential
  }
}

function outcomeOf({ code, forwarded, upstream }: Result<unknown>, call: Call): OutcomeFacts {
  return {
    code,
    status: statusOf(code),
    forwarded,
    upstream_status: upstream?.status,
    upstream_request_id: upstream?.request_id,
    duration_ms: Math.round(performance.now() - call.startedAt)
  }
}

function statusOf(code: Result<unknown>['code']): number | undefined {
  if (code === 'accepted') return 200
  return code === 'client_disconnected' ? undefined : problemTable[code].status
}

function problemOf({ code, forwarded, uncertain, upstream, retryAfter, cause }: Result<unknown>): Problem {
  // Nobody will read this answer; the request still has to end.
  if (code === 'client_disconnected' || code === 'accepted') return new Problem('request_timeout', { cause })
  return new Problem(code, {
    forwarded,
    ...(uncertain !== undefined && forwarded !== 'unknown' && { uncertain }),
    ...(upstream && { upstream }),
    ...(retryAfter !== undefined && { retryAfter }),
    cause
  })
}
