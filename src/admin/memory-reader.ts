import { domainError } from '../contract/error-table.ts'
import { cursorPosition, toPage } from '../contract/pagination.ts'
import { Problem } from '../contract/problem.ts'
import type { CredentialPool } from '../custody/credential-pool.ts'
import type { CredentialReconciler } from '../custody/credential-reconciler.ts'
import { type Limit, wholeSeconds } from '../limits/gcra.ts'
import type { MemoryLimiter } from '../limits/memory-limiter.ts'
import type { Breaker } from '../upstream/breaker.ts'
import type { Functions, Input, MemoryName, Result } from './operations/operation-table.ts'

/** What is read in the memory of this process. */
type MemoryContext = {
  readonly custody: {
    readonly reconciler: Pick<CredentialReconciler, 'views'>
    readonly credentials: Pick<CredentialPool, 'held'>
  }
  readonly breaker: Pick<Breaker, 'isOpen'>
  readonly limiter: Pick<MemoryLimiter, 'inUse' | 'peek'>
  readonly limitOf: (tenant: string) => Limit | undefined
}

/** Answers a query from memory. Throws a refusal, and `sealed` for credentials that were never read. */
export type MemoryReader = <N extends MemoryName>(name: N, input: Input<N>) => Result<N>

export function memoryReader(context: MemoryContext): MemoryReader {
  return (name, input) => queries[name](context, input as never) as Result<typeof name>
}

/** Every query that administrators make over HTTP about this process alone. */
const queries: Functions<'memory', MemoryContext> = {
  listCredentials(context, request) {
    const [after = ''] = cursorPosition(request, 1) ?? []
    const rest = credentialsIn(context).filter(({ credential }) => credential > after)
    return toPage(rest, request.limit, ({ credential }) => [credential])
  },

  showCredential(context, { credential: name }) {
    const found = credentialsIn(context).find(({ credential }) => credential === name)
    if (!found) throw domainError('credential_not_found', 'there is no credential with this name')
    return found
  },

  listLimits(context, request) {
    const [after = ''] = cursorPosition(request, 1) ?? []
    const { tenant, limit } = request
    const one = tenant !== undefined && tenant > after ? [tenant] : []
    const names = tenant === undefined ? context.limiter.inUse(after, limit + 1) : one
    const { items, next } = toPage(names, limit, name => [name])
    return { items: items.flatMap(name => limitInUse(context, name) ?? []), next }
  }
}

function credentialsIn({ custody, breaker }: MemoryContext): Result<'showCredential'>[] {
  const views = custody.reconciler.views(new Date())
  if (!views)
    throw new Problem('sealed', { detail: 'The credentials in the store cannot be read; the log says why.' })
  return views.map(view => {
    const isUsable = custody.credentials.held(view.credential).active !== null
    const state = breaker.isOpen(view.credential) ? 'refused' : 'usable'
    return { ...view, state: isUsable ? state : 'sealed' }
  })
}

/** Null for an unused limit. */
function limitInUse(
  { limiter, limitOf }: MemoryContext,
  tenant: string
): Result<'listLimits'>['items'][number] | null {
  const limit = limitOf(tenant)
  const seen = limit && limiter.peek(tenant, limit)
  if (!seen || seen.resetUs === 0) return null
  return {
    tenant,
    rate_per_minute: limit.ratePerMinute,
    burst: limit.burst,
    remaining: seen.remaining,
    full_in_seconds: wholeSeconds(seen.resetUs)
  }
}
