import { AcceptedKeys, type SandboxKey, sandboxOwner } from './accepted-keys.ts'
import { type Answer, emptyAnswer } from './answer.ts'
import type { SandboxClock } from './clock.ts'
import type { Connection } from './connection.ts'
import { wholeAnswer } from './connection-faults.ts'
import { type ConnectorSpec, ConnectorStore } from './connector-store.ts'
import { ContentService, type Destination, destinationOf } from './content-service.ts'
import { increment, type SandboxCounters, zeroCounters } from './counters.ts'
import { FaultRules } from './fault-rules.ts'
import { type Quota, RequestQuota } from './request-quota.ts'
import {
  headerValues,
  parseHead,
  type RawRequest,
  type Reading,
  type ReceivedRequest
} from './request-reader.ts'
import { type RecordedRequest, RequestLog } from './request-record.ts'
import { type SeededRandom, seededRandom } from './seeded-random.ts'
import { plainPlan, visibleStatus, type WirePlan } from './wire-plan.ts'

export type SandboxStateOptions = {
  seed: number
  keys: readonly SandboxKey[]
  connectors: number | readonly ConnectorSpec[]
  syncDurationMs: number
  recordLimit: number
  quota: Quota
  clock: SandboxClock
}

/** Everything a sandbox knows: rules, faults, record and open connections. Sockets are dealt with elsewhere. */
export class SandboxState {
  readonly clock: SandboxClock
  readonly keys: AcceptedKeys
  readonly connectors: ConnectorStore
  readonly faults: FaultRules
  readonly log: RequestLog
  readonly quota: RequestQuota
  readonly open = new Set<Connection>()
  readonly counts: SandboxCounters = zeroCounters()
  readonly #service: ContentService
  readonly #faultRandom: SeededRandom

  constructor({ seed, keys, connectors, syncDurationMs, recordLimit, quota, clock }: SandboxStateOptions) {
    const owner = sandboxOwner(seed)
    this.clock = clock
    this.keys = new AcceptedKeys(owner, keys)
    this.connectors = new ConnectorStore({ seed, owner, clock, syncDurationMs, connectors })
    this.faults = new FaultRules(seed)
    this.log = new RequestLog(recordLimit)
    this.quota = new RequestQuota(quota, clock)
    this.#service = new ContentService(this.keys, this.connectors, seededRandom(seed, 'request-ids'))
    this.#faultRandom = seededRandom(seed, 'fault-values')
  }

  /** The counts as they are now. */
  counters(): SandboxCounters {
    const { by_status, by_operation, by_fault } = this.counts
    return {
      ...this.counts,
      connections_open: this.open.size,
      records_dropped: this.log.dropped,
      by_status: { ...by_status },
      by_operation: { ...by_operation },
      by_fault: { ...by_fault }
    }
  }

  /** Makes the answer to what was read, alters it by the faults in force, and records both. */
  plan(connection: Connection, reading: Reading): WirePlan {
    if (reading.kind === 'malformed') return this.#refuseMalformed(connection, reading.raw, reading.why)
    const { request, raw } = reading
    const destination = destinationOf(request)
    const chosen = this.faults.choose('answer', destination)
    const answer = chosen?.replacesService ? emptyAnswer(200) : this.#serve(connection, request, destination)
    const plan =
      chosen?.apply(plainPlan(answer), {
        request,
        nowMs: this.clock.nowMs(),
        random: this.#faultRandom,
        nextRequestId: () => this.#service.nextRequestId()
      }) ?? plainPlan(answer)
    increment(this.counts.by_operation, destination.operation)
    this.#record(connection, raw, {
      complete: true,
      malformed: null,
      connector_id: destination.connectorId,
      status: visibleStatus(plan),
      fault: chosen?.name ?? null
    })
    // A client that speaks HTTP/1.0 or asks for the close gets it.
    return wantsClose(request) ? { ...plan, close: true } : plan
  }

  /** Records what came of a request that will not be finished. */
  recordUnfinished(connection: Connection, raw: RawRequest, fault: string | null): void {
    const head = parseHead(raw.head.toString('latin1').replace(/\r\n\r\n$/, ''))
    const connector_id = typeof head === 'string' ? null : destinationOf(head).connectorId
    this.#record(connection, raw, { complete: false, malformed: null, connector_id, status: null, fault })
  }

  /** Does something to all idle connections at once. Returns how many there were. */
  disturbIdle(action: 'unsolicited' | 'finish' | 'reset', body: unknown): number {
    const unasked = body ?? { connector_id: 'unsolicited', status: 'accepted' }
    const step =
      action === 'unsolicited' ? { bytes: wholeAnswer(200, unasked, this.clock.nowMs()) } : { end: action }
    return [...this.open].filter(connection => connection.whenIdle(step)).length
  }

  #serve({ socket }: Connection, request: ReceivedRequest, destination: Destination): Answer {
    const key = headerValues(request.headers, 'x-api-key').join()
    const admitted = this.quota.admits(key, socket.remoteAddress ?? '')
    return admitted ? this.#service.answer(request, destination) : emptyAnswer(429)
  }

  #refuseMalformed(connection: Connection, raw: RawRequest, why: string): WirePlan {
    this.#record(connection, raw, {
      complete: false,
      malformed: why,
      connector_id: null,
      status: 400,
      fault: null
    })
    return { ...plainPlan(emptyAnswer(400)), close: true }
  }

  #record(
    connection: Connection,
    { head, body, firstByte }: RawRequest,
    facts: Pick<RecordedRequest, 'complete' | 'malformed' | 'connector_id' | 'status' | 'fault'>
  ): void {
    this.log.append({
      connection: connection.number,
      first_byte_at_ms: firstByte.atMs,
      first_byte_ns: firstByte.ns.toString(),
      received_at_ms: this.clock.nowMs(),
      received_ns: this.clock.monotonicNs().toString(),
      head: head.toString('latin1'),
      body: body.toString('latin1'),
      ...facts
    })
    this.counts.requests += 1
    if (!facts.complete) this.counts.requests_incomplete += 1
    increment(this.counts.by_status, String(facts.status ?? 'none'))
    if (facts.fault !== null) increment(this.counts.by_fault, facts.fault)
  }
}

function wantsClose({ version, headers }: ReceivedRequest): boolean {
  return (
    version === '1.0' || headerValues(headers, 'connection').some(value => value.toLowerCase() === 'close')
  )
}
