import {
  type ClientAnswer,
  type Entry,
  jsonObject,
  requestIdOf,
  type UpstreamRequest,
  type Violation
} from './histories.ts'

/** When an intent was known to be durable, from somewhere else than the ledger's own words. */
export type Durability = {
  readonly requestId: string
  readonly attempt?: number
  readonly durableAtNs: bigint
}

/** Everything the three histories tell of one request. */
export type Story = {
  readonly requestId: string
  readonly received: UpstreamRequest[]
  readonly answers: ClientAnswer[]
  readonly intents: Entry[]
  readonly outcomes: Entry[]
}

/** Sorts the histories by request. What names no request is in none of the stories. */
export function storiesOf(
  upstream: readonly UpstreamRequest[],
  clients: readonly ClientAnswer[],
  ledger: readonly Entry[]
): Story[] {
  const stories = new Map<string, Story>()
  function story(requestId: string): Story {
    const known = stories.get(requestId)
    if (known) return known
    const made: Story = { requestId, received: [], answers: [], intents: [], outcomes: [] }
    stories.set(requestId, made)
    return made
  }
  for (const request of upstream) {
    const id = requestIdOf(request)
    if (id !== undefined) story(id).received.push(request)
  }
  for (const answer of clients) {
    const id = requestIdOf(answer)
    if (id !== undefined) story(id).answers.push(answer)
  }
  for (const entry of ledger) {
    if (entry['kind'] === 'call.intent') story(String(entry['request_id'])).intents.push(entry)
    if (entry['kind'] === 'call.outcome') story(String(entry['request_id'])).outcomes.push(entry)
  }
  for (const { received, intents, outcomes } of stories.values()) {
    received.sort((one, other) => one.receivedAtMs - other.receivedAtMs)
    for (const entries of [intents, outcomes]) entries.sort((one, other) => attemptOf(one) - attemptOf(other))
  }
  return [...stories.values()]
}

function attemptOf(entry: Entry): number {
  return Number(entry['attempt'])
}

function timeOf(entry: Entry): number {
  return Date.parse(String(entry['at']))
}

/** Witnesses by request and attempt. */
export function witnesses(durable: readonly Durability[]): Map<string, bigint> {
  return new Map(
    durable.map(({ requestId, attempt = 1, durableAtNs }) => [`${requestId} ${attempt}`, durableAtNs])
  )
}

/** I1: every request that the upstream received has exactly one intent that tells of it, durable before. */
export function checkIntents(
  { requestId, received, intents }: Story,
  durable: ReadonlyMap<string, bigint>
): Violation[] {
  const details: string[] = []
  const attempts = new Set(intents.map(attemptOf))
  if (attempts.size < intents.length) details.push('two intents for one attempt')
  if (received.length > intents.length)
    details.push(
      `the upstream received ${received.length} requests, the ledger has ${intents.length} intents`
    )
  for (const [index, request] of received.entries()) {
    const intent = intents[index]
    if (!intent) continue
    if (!(timeOf(intent) <= request.receivedAtMs))
      details.push('the intent is younger than what the upstream received')
    if (!tellsOf(intent, request)) details.push('the intent tells of another call than the upstream received')
    const durableAtNs = durable.get(`${requestId} ${attemptOf(intent)}`)
    if (durableAtNs !== undefined && request.receivedAtNs !== undefined && durableAtNs > request.receivedAtNs)
      details.push('the intent was durable only after the upstream had received the call')
  }
  return details.map(detail => ({ invariant: 'I1', detail, requestId }))
}

function tellsOf(intent: Entry, { path, body }: UpstreamRequest): boolean {
  const connector = /^\/contents\/v1\/connectors\/([^/]+)/.exec(path)?.[1]
  if (connector !== undefined && connector !== intent['connector_id']) return false
  // A body that did not come whole tells nothing.
  const sent = jsonObject(body)
  const asked = intent['request'] as { date_limit?: string } | undefined
  return sent === null || sent['date_limit'] === asked?.date_limit
}

/** Problems of the gateway's own, which say nothing about the upstream's answer. */
const codesWithoutResult = new Set([
  'ledger_unavailable',
  'internal_error',
  'shutting_down',
  'request_timeout'
])

/** I2: what a client got of a call is what the ledger holds, once, from before the answer. */
export function checkOutcomes({ requestId, received, answers, intents, outcomes }: Story): Violation[] {
  const details: string[] = []
  if (new Set(outcomes.map(attemptOf)).size < outcomes.length) details.push('two outcomes for one attempt')
  for (const outcome of outcomes) {
    const intent = intents.find(one => attemptOf(one) === attemptOf(outcome))
    if (!intent) details.push('an outcome without an intent')
    else if (intent.line > outcome.line) details.push('an outcome before its intent')
  }
  for (const answer of answers) {
    const reported = resultIn(answer)
    if (!reported || codesWithoutResult.has(reported.code)) continue
    if (reported.forwarded === 'no' && received.length > 0)
      details.push('it says that nothing was sent, but something was')
    if (reported.forwarded !== 'no' || intents.length > 0)
      details.push(...resultFaults(answer, reported, outcomes.at(-1)))
  }
  return details.map(detail => ({ invariant: 'I2', detail, requestId }))
}

type Reported = { code: string; forwarded: string; upstreamStatus: unknown; connectorId: unknown }

/** What an answer to a sync says of the call; null when there is no whole answer, or it is about something else. */
function resultIn({ status, body, error, path }: ClientAnswer): Reported | null {
  const object = error === undefined ? jsonObject(body) : null
  if (!object || (path !== undefined && !path.endsWith('/sync'))) return null
  if (status === 200)
    return {
      code: 'accepted',
      forwarded: 'yes',
      upstreamStatus: undefined,
      connectorId: object['connector_id']
    }
  const upstream = object['upstream'] as { status?: unknown } | undefined
  return {
    code: String(object['code']),
    forwarded: String(object['forwarded']),
    upstreamStatus: upstream?.status,
    connectorId: undefined
  }
}

function resultFaults(answer: ClientAnswer, reported: Reported, outcome: Entry | undefined): string[] {
  if (!outcome) return [`the client got ${reported.code}, and the ledger has no outcome`]
  const connector = outcome['connector_id']
  const rules: readonly (readonly [broken: boolean, fault: string])[] = [
    [outcome['code'] !== reported.code, `the client got ${reported.code}, the ledger ${outcome['code']}`],
    [
      outcome['status'] !== answer.status,
      `the client got ${answer.status}, the ledger has ${outcome['status']}`
    ],
    [
      reported.upstreamStatus !== undefined && outcome['upstream_status'] !== reported.upstreamStatus,
      'the upstream status differs between answer and ledger'
    ],
    [
      answer.connectorId !== undefined && answer.connectorId.toLowerCase() !== connector,
      'the ledger names another connector than the client asked for'
    ],
    [
      reported.connectorId !== undefined && reported.connectorId !== connector,
      'the answer is about another connector'
    ],
    [
      answer.firstByteAtMs !== undefined && timeOf(outcome) > answer.firstByteAtMs,
      'the outcome is younger than the answer'
    ]
  ]
  return rules.flatMap(([broken, fault]) => (broken ? [fault] : []))
}

/** I3: no intent is left without an outcome, and nothing is sent once a call was given up as unknown. */
export function checkRecovery({ requestId, received, intents, outcomes }: Story): Violation[] {
  const details: string[] = []
  for (const intent of intents) {
    const outcome = outcomes.find(one => attemptOf(one) === attemptOf(intent))
    if (!outcome) details.push(`attempt ${attemptOf(intent)} has no outcome`)
    if (outcome?.['code'] !== 'outcome_unknown') continue
    if (outcome['writer'] === intent['writer']) details.push('its own writer gave the call up as unknown')
    if (received.some(request => request.receivedAtMs > timeOf(outcome)))
      details.push('the upstream received something after the call was given up as unknown')
  }
  return details.map(detail => ({ invariant: 'I3', detail, requestId }))
}

const refusals = new Set<unknown>([401, 429, 503])

/** I8: only an answer that refuses the call lets it be sent again. */
export function checkResends({ requestId, received }: Story): Violation[] {
  const resent = received.slice(0, -1).find(request => !refusals.has(request.answered))
  if (!resent) return []
  const detail = `the upstream received it again after ${resent.answered ?? 'no answer'}`
  return [{ invariant: 'I8', detail, requestId }]
}
