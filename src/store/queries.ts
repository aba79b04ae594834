import type { DatabaseSync } from 'node:sqlite'
import { Kysely } from 'kysely'
import { nodeSqliteDialect } from './sqlite/dialect.ts'
import type { Tables } from './tables.ts'

/** Typed queries without transactions: the store may be open for reading only. */
export type Queries = { readonly db: Kysely<Tables> }

/** Typed queries over a raw handle. */
export function typedQueries(raw: DatabaseSync): Kysely<Tables> {
  return new Kysely<Tables>({ dialect: nodeSqliteDialect(raw) })
}
