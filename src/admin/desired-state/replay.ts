import type { RecordedCall } from '../../ledger/query/recorded-calls.ts'
import { MemoryLimiter } from '../../limits/memory-limiter.ts'
import { type AccessRefusal, decideCall } from '../../tenants/access-policy.ts'
import { tenantIn } from '../../tenants/tenant.ts'
import { settingColumns } from '../../tenants/tenant-settings.ts'
import type { TenantState } from '../../tenants/tenant-state.ts'

/** Calls of one tenant that would newly be refused for one reason. Times are RFC 3339, UTC. */
export type NewlyRefused = {
  readonly tenant: string
  readonly code: AccessRefusal
  readonly calls: number
  readonly first_at: string
  readonly last_at: string
  /** How many keys they came with, as far as the ledger records it. */
  readonly keys: number
  /** Some connectors that would no longer be there; empty for other reasons. */
  readonly connector_ids: readonly string[]
}

/** What deciding calls again showed. */
export type Replay = {
  readonly calls: number
  /** The time of the first call; null when there was none. */
  readonly first_at: string | null
  /** In the order of tenants and codes. */
  readonly refused: readonly NewlyRefused[]
}

/** How many connectors are named of each group. */
const namedConnectors = 5

type States = ReadonlyMap<string, TenantState>

/** Decides calls, given in the order of time, as the public listener does under these settings. All limits are full at first. */
export function replayCalls(recorded: Iterable<RecordedCall>, before: States, after: States): Replay {
  const [decideBefore, decideAfter] = [callDecider(before), callDecider(after)]
  const groups = new Map<string, Group>()
  let calls = 0
  let firstUs: number | null = null
  for (const call of recorded) {
    const [refusedBefore, code] = [decideBefore(call), decideAfter(call)]
    if (call.isFaulty) continue
    calls++
    firstUs ??= call.atUs
    if (refusedBefore !== null || code === null) continue
    const name = `${call.tenant} ${code}`
    const group = groups.get(name) ?? newGroup(call, code)
    groups.set(name, group)
    addTo(group, call)
  }
  const refused = [...groups]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([, group]) => summaryOf(group))
  return { calls, first_at: firstUs === null ? null : timeOf(firstUs), refused }
}

/** Decides calls, given in the order of time, as the public listener does under these settings. All limits are full at first. */
export function callDecider(states: States): (call: RecordedCall) => AccessRefusal | null {
  const tenants = new Map(
    [...states].map(([name, state]) => [name, tenantIn({ ...state, ...settingColumns(state) })])
  )
  let nowUs = 0
  const limiter = new MemoryLimiter('tenant', () => nowUs)
  return call => {
    nowUs = call.atUs
    return decideCall(tenants.get(call.tenant), call, tenant => limiter.take(tenant.name, tenant).allowed)
  }
}

/** Newly refused calls of one tenant and code. */
type Group = ReturnType<typeof newGroup>

function newGroup({ tenant, atUs }: RecordedCall, code: AccessRefusal) {
  const [keys, connectors] = [new Set<string>(), new Set<string>()]
  return { tenant, code, calls: 0, firstUs: atUs, lastUs: 0, keys, connectors }
}

function addTo(group: Group, { atUs, keyId, connectorId }: RecordedCall): void {
  group.calls++
  group.lastUs = Math.max(group.lastUs, atUs)
  if (keyId !== undefined) group.keys.add(keyId)
  const isNamed = group.code === 'connector_not_found' && group.connectors.size < namedConnectors
  if (isNamed && connectorId !== undefined) group.connectors.add(connectorId)
}

function summaryOf({ tenant, code, calls, firstUs, lastUs, keys, connectors }: Group): NewlyRefused {
  const [first_at, last_at] = [timeOf(firstUs), timeOf(lastUs)]
  return { tenant, code, calls, first_at, last_at, keys: keys.size, connector_ids: [...connectors] }
}

function timeOf(us: number): string {
  return new Date(Math.floor(us / 1000)).toISOString()
}
