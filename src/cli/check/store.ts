import type { DatabaseSync } from 'node:sqlite'
import type { Config } from '../../config/config.ts'
import type { ConfigIssue } from '../../config/error.ts'
import { unknownTenants } from '../../config/warnings.ts'
import { typedQueries } from '../../store/queries.ts'
import type { InspectedStore } from '../../store/sqlite/inspect-store.ts'

/** How many tenants there are, and keys that were not revoked. */
export async function countIn(raw: DatabaseSync): Promise<{ tenants: number; keys: number }> {
  const db = typedQueries(raw)
  const tenants = await db
    .selectFrom('tenant')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  const keys = await db
    .selectFrom('api_key')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('revoked_at', 'is', null)
    .executeTakeFirstOrThrow()
  return { tenants: tenants.count, keys: keys.count }
}

/** Mappings to tenants that do not exist or are disabled. Without a store no tenant exists yet. */
export async function mappingWarnings(raw: DatabaseSync | null, config: Config): Promise<ConfigIssue[]> {
  if (config.clientCertificates.length === 0 && config.jwtIssuers.length === 0) return []
  const rows = raw
    ? await typedQueries(raw).selectFrom('tenant').select(['name', 'disabled_at']).execute()
    : []
  const tenants = new Map(rows.map(({ name, disabled_at }) => [name, { disabled: disabled_at !== null }]))
  return unknownTenants(config, name => tenants.get(name))
}

/** A configured store that does not exist may be a mistyped path, where the next start would make an empty one. */
export function storeWarnings(store: InspectedStore | undefined, { sources }: Config): ConfigIssue[] {
  const key = 'GATEWAY_STORE_URL'
  if (!store || store.state === 'ready') return []
  const { path, state, hasFolder } = store
  if (state === 'earlier')
    return [
      { key, detail: `the store ${path} is of an earlier version: the next start brings it up to date` }
    ]
  if (!sources.has(key)) return []
  const makes = hasFolder ? 'makes an empty one' : 'makes its folder and an empty one'
  const detail = `there is no store at ${path}: the first start ${makes}; if there should be one, the path is mistyped`
  return [{ key, detail }]
}

/** Reads a store; null where there is none, or where one of an earlier version lacks the tables or columns. */
export async function readFrom<T>(
  store: InspectedStore | undefined,
  work: (raw: DatabaseSync) => T | Promise<T>
): Promise<T | null> {
  if (!store?.raw) return null
  try {
    return await work(store.raw)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const isLacking = code === 'ERR_SQLITE_ERROR' && /^no such (?:table|column)/.test(message)
    if (store.state === 'earlier' && isLacking) return null
    throw error
  }
}
