import { resolve } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { Kysely, type Transaction } from 'kysely'
import { migrate } from './migrations.ts'
import { openSqlite, quickCheck, StoreError } from './sqlite.ts'
import { nodeSqliteDialect } from './sqlite-dialect.ts'
import type { Tables } from './tables.ts'

/** An open store: typed queries for everything rare, the raw handle for the ledger's hot path. */
export type Store = {
  readonly path: string
  readonly db: Kysely<Tables>
  readonly raw: DatabaseSync
  /** Runs `work` in one write transaction: all of it becomes durable, or nothing. */
  transact<T>(work: (tx: Transaction<Tables>) => Promise<T>): Promise<T>
  close(): void
}

/** Tables small enough to be checked whole at every start. The ledger is checked by its chain. */
const checkedAtStart = ['meta', 'tenant', 'api_key', 'connector_grant', 'writer']

/** Opens and migrates the store that GATEWAY_STORE_URL names. Throws StoreError. */
export async function openStore(url: string): Promise<Store> {
  const path = sqlitePath(url)
  const raw = openSqlite(path)
  const db = new Kysely<Tables>({ dialect: nodeSqliteDialect(raw) })
  try {
    await migrate(db)
    quickCheck(raw, checkedAtStart)
  } catch (error) {
    raw.close()
    throw error
  }
  return {
    path,
    db,
    raw,
    transact: work => db.transaction().execute(work),
    close: () => raw.close()
  }
}

/** The file behind a `sqlite:` URL, absolute. */
export function sqlitePath(url: string): string {
  if (!url.startsWith('sqlite:'))
    throw new StoreError(`GATEWAY_STORE_URL: ${schemeOf(url)} is not supported; use sqlite:PATH`)
  return resolve(url.slice('sqlite:'.length))
}

function schemeOf(url: string): string {
  return /^[a-z][a-z0-9+.-]*:/i.exec(url)?.[0] ?? 'this value'
}
