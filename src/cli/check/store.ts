import type { DatabaseSync } from 'node:sqlite'
import type { Config } from '../../config/config.ts'
import type { ConfigIssue } from '../../config/error.ts'
import { unknownTenants } from '../../config/warnings.ts'
import { typedQueries } from '../../store/queries.ts'
import type { InspectedStore } from '../../store/sqlite/inspect-store.ts'

/** How many tenants there are, and keys that were not revoked. */
export type StoreCounts = { readonly tenants: number; readonly keys: number }

export const nothingCounted: StoreCounts = { tenants: 0, keys: 0 }

export async function countIn(raw: DatabaseSync): Promise<StoreCounts> {
  const db = typedQueries(raw)
  const { tenants } = await db
    .selectFrom('tenant')
    .select(({ fn }) => fn.countAll<number>().as('tenants'))
    .executeTakeFirstOrThrow()
  const { keys } = await db
    .selectFrom('api_key')
    .select(({ fn }) => fn.countAll<number>().as('keys'))
    .where('revoked_at', 'is', null)
    .executeTakeFirstOrThrow()
  return { tenants, keys }
}

/** Mappings that lead to no tenant who may call. Without a store there are none yet. */
export async function mappingWarnings(raw: DatabaseSync | null, config: Config): Promise<ConfigIssue[]> {
  if (config.clientCertificates.length === 0 && config.tokenIssuers.length === 0) return []
  const rows = raw
    ? await typedQueries(raw).selectFrom('tenant').select(['name', 'disabled_at']).execute()
    : []
  const tenants = new Map(rows.map(({ name, disabled_at }) => [name, { disabled: disabled_at !== null }]))
  return unknownTenants(config, name => tenants.get(name))
}

/** What is worth saying of a store that somebody chose: a mistyped path is an empty store to the next start. */
export function storeWarnings(
  { path, state, hasFolder }: InspectedStore,
  { sources }: Config
): ConfigIssue[] {
  const key = 'GATEWAY_STORE_URL'
  if (state === 'earlier')
    return [
      { key, detail: `the store ${path} is of an earlier version: the next start brings it up to date` }
    ]
  if (state === 'ready' || !sources.has(key)) return []
  const makes = hasFolder ? 'makes an empty one' : 'makes its folder and an empty one'
  const detail = `there is no store at ${path}: the first start ${makes}; if there should be one, the path is mistyped`
  return [{ key, detail }]
}

/** Reads of a store of an earlier version what it has: null when it lacks the tables or columns that are asked for. */
export async function readIfThere<T>(
  state: InspectedStore['state'],
  work: () => T | Promise<T>
): Promise<T | null> {
  try {
    return await work()
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const isLacking = code === 'ERR_SQLITE_ERROR' && /^no such (?:table|column)/.test(message)
    if (state === 'earlier' && isLacking) return null
    throw error
  }
}
