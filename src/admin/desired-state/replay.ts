import type { RecordedCall } from '../../ledger/query/recorded-calls.ts'
import type { TenantState } from '../../tenants/tenant-state.ts'
import { AccessPolicy, type PolicyRefusal } from './access-policy.ts'

/** Calls of one tenant that would newly be refused for one reason. Times are RFC 3339, UTC. */
export type NewlyRefused = {
  readonly tenant: string
  readonly code: PolicyRefusal
  readonly calls: number
  readonly first_at: string
  readonly last_at: string
  /** How many keys they came with, as far as the ledger tells. */
  readonly keys: number
  /** Some connectors that would no longer be there; empty for other reasons. */
  readonly connector_ids: readonly string[]
}

/** What came of deciding calls again. */
export type Replay = {
  /** How many were decided again. */
  readonly calls: number
  /** The first of them; null when there was none. */
  readonly first_at: string | null
  /** In the order of tenants and codes. */
  readonly refused: readonly NewlyRefused[]
}

/** How many connectors are named of each group. */
const namedConnectors = 5

type States = ReadonlyMap<string, TenantState>

/**
 * Decides calls again, under the state before and the state after, and tells those that are admitted in the one and refused
 * in the other. Calls with faults of their own only use up limits: they would be refused in any case.
 */
export function replayCalls(arrivals: Iterable<RecordedCall>, before: States, after: States): Replay {
  const [present, coming] = [new AccessPolicy(before), new AccessPolicy(after)]
  const groups = new Map<string, Group>()
  let calls = 0
  let firstUs: number | null = null
  for (const arrival of arrivals) {
    const [refusedNow, refused] = [present.decide(arrival), coming.decide(arrival)]
    if (arrival.isFaulty) continue
    calls++
    firstUs ??= arrival.atUs
    if (refusedNow !== null || refused === null) continue
    const name = `${arrival.tenant} ${refused}`
    const group = groups.get(name) ?? new Group(arrival, refused)
    groups.set(name, group)
    group.add(arrival)
  }
  const refused = [...groups]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([, group]) => group.told())
  return { calls, first_at: firstUs === null ? null : timeOf(firstUs), refused }
}

/** Keeps of many calls what is told of them. */
class Group {
  readonly #tenant: string
  readonly #code: PolicyRefusal
  readonly #firstUs: number
  #lastUs = 0
  #calls = 0
  readonly #keys = new Set<string>()
  readonly #connectors = new Set<string>()

  constructor({ tenant, atUs }: RecordedCall, code: PolicyRefusal) {
    this.#tenant = tenant
    this.#code = code
    this.#firstUs = atUs
  }

  add({ atUs, keyId, connectorId }: RecordedCall): void {
    this.#calls++
    this.#lastUs = Math.max(this.#lastUs, atUs)
    if (keyId !== undefined) this.#keys.add(keyId)
    const isTold = this.#code === 'connector_not_found' && this.#connectors.size < namedConnectors
    if (isTold && connectorId !== undefined) this.#connectors.add(connectorId)
  }

  told(): NewlyRefused {
    return {
      tenant: this.#tenant,
      code: this.#code,
      calls: this.#calls,
      first_at: timeOf(this.#firstUs),
      last_at: timeOf(this.#lastUs),
      keys: this.#keys.size,
      connector_ids: [...this.#connectors]
    }
  }
}

function timeOf(us: number): string {
  return new Date(Math.floor(us / 1000)).toISOString()
}
