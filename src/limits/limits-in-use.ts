import { cursorPosition, type PageRequest, toPage } from '../contract/pagination.ts'
import { type Limit, wholeSeconds } from './gcra.ts'
import type { MemoryLimiter } from './memory-limiter.ts'

/** All tenants, or one, whose buckets are not full now, by name. Throws cursor_invalid. */
export type LimitsInUse = ReturnType<typeof limitsInUse>

/** Reads limits in the memory of this process. */
export function limitsInUse(
  limiter: Pick<MemoryLimiter, 'inUse' | 'peek'>,
  limitOf: (tenant: string) => Limit | undefined
) {
  return (request: PageRequest & { tenant?: string | undefined }) => {
    const [after = ''] = cursorPosition(request, 1) ?? []
    const { tenant, limit } = request
    const names = tenant === undefined ? limiter.inUse(after, limit + 1) : tenant > after ? [tenant] : []
    const { items, next } = toPage(
      names,
      limit,
      name => [name],
      name => limitInUse(limiter, name, limitOf(name))
    )
    return { items: items.filter(item => item !== null), next }
  }
}

function limitInUse(limiter: Pick<MemoryLimiter, 'peek'>, tenant: string, limit: Limit | undefined) {
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
