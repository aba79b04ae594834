import type { Credentials } from '../custody/credentials.ts'
import type { CallIntent, CallOutcome, Ledger } from '../ledger/ledger.ts'
import { type Forwarded, Problem, type ProblemCode, type UpstreamFacts } from '../problems.ts'
import type { Budget } from './budget.ts'
import { failureOfExchange, failureOfStatus } from './failure.ts'
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
    const intent = intentOf(call, caller, operation, credentials.label(credentialName))
    await ledger.recordIntent(intent)
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
    await ledger.recordOutcome(intent, outcomeOf(result, call))
    if (result.code === 'accepted') return result.value
    throw problemOf(result)
  }
}

type Accepted<T> = { code: 'accepted'; forwarded: 'yes'; value: T; upstream: UpstreamFacts }
type Failed = {
  code: ProblemCode | 'client_disconnected'
  forwarded: Forwarded
  upstream?: UpstreamFacts
  retryAfter?: number
  cause?: unknown
}

function classify<T>(
  exchange: Exchange,
  read: (body: string) => T | null,
  reveals: (text: string) => boolean
): Accepted<T> | Failed {
  if (exchange.kind === 'failure') {
    const upstream = exchange.status === undefined ? {} : { upstream: { status: exchange.status } }
    return { ...failureOfExchange(exchange), ...upstream, cause: exchange.error }
  }
  const { status, headers, body } = exchange
  const upstream = upstreamFacts(exchange, reveals)
  if (status !== 200) {
    const retryAfter = status === 429 ? (retryAfterSeconds(headers.retryAfter, Date.now()) ?? 1) : undefined
    return { ...failureOfStatus(status), upstream, ...(retryAfter !== undefined && { retryAfter }) }
  }
  const value = isJson(headers.contentType) && isPlain(headers.contentEncoding) ? read(body) : null
  if (value === null || reveals(JSON.stringify(value)))
    return { code: 'upstream_answer_invalid', forwarded: 'yes', upstream }
  return { code: 'accepted', forwarded: 'yes', value, upstream }
}

function isJson(contentType: string): boolean {
  return /^application\/json[ \t]*(;|$)/i.test(contentType)
}

function isPlain(contentEncoding: string): boolean {
  return contentEncoding === '' || contentEncoding.toLowerCase() === 'identity'
}

/** Machine-readable ids only, and only in a form that cannot carry a sentence; never one that holds a key. */
function upstreamFacts(
  { status, headers, body }: Exchange & { kind: 'answer' },
  reveals: (text: string) => boolean
) {
  const error = status === 200 ? {} : contentServiceError(body)
  const token = (text: unknown) =>
    typeof text === 'string' && /^[A-Za-z0-9_.:-]{1,64}$/.test(text) && !reveals(text) ? text : undefined
  const facts: { status: number; code?: string; request_id?: string } = { status }
  const code = token(error['errorCode'])
  const requestId = token(error['requestId']) ?? token(headers.requestId)
  if (code !== undefined) facts.code = code
  if (requestId !== undefined) facts.request_id = requestId
  return facts
}

/** The body as the content service's error object, or an empty one when it is something else. */
function contentServiceError(body: string): Record<string, unknown> {
  if (!body.startsWith('{')) return {}
  try {
    return JSON.parse(body) as Record<string, unknown>
  } catch {
    // An HTML page or a cut body: it has nothing to tell but its status.
    return {}
  }
}

function intentOf(
  call: Call,
  caller: { tenant: string; keyId: string },
  operation: Pick<Operation<unknown>, 'name' | 'connectorId' | 'request'>,
  credential: string
): CallIntent {
  return {
    requestId: call.requestId,
    tenant: caller.tenant,
    keyId: caller.keyId,
    connectorId: operation.connectorId,
    operation: operation.name,
    attempt: 1,
    clientIp: call.clientIp,
    request: operation.request,
    credential
  }
}

function outcomeOf(result: Accepted<unknown> | Failed, call: Call): CallOutcome {
  const status = statusOf(result.code)
  return {
    code: result.code,
    forwarded: result.forwarded,
    durationMs: Math.round(performance.now() - call.startedAt),
    ...(status !== undefined && { status }),
    ...(result.upstream && { upstreamStatus: result.upstream.status }),
    ...(result.upstream?.request_id !== undefined && { upstreamRequestId: result.upstream.request_id })
  }
}

function statusOf(code: Accepted<unknown>['code'] | Failed['code']): number | undefined {
  if (code === 'accepted') return 200
  return code === 'client_disconnected' ? undefined : new Problem(code).status
}

function problemOf({ code, forwarded, upstream, retryAfter, cause }: Failed): Problem {
  // Nobody will read this answer; the request still has to end.
  if (code === 'client_disconnected') return new Problem('request_timeout', { cause })
  return new Problem(code, {
    forwarded,
    ...(upstream && { upstream }),
    ...(retryAfter !== undefined && { retryAfter }),
    cause
  })
}
