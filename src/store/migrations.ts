import { type Kysely, sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import { StoreError } from './sqlite.ts'
import type { Tables } from './tables.ts'

/** Every change ever made to the tables, oldest first. One that has been released is never edited. */
const migrations: Record<string, Migration> = {
  '2026-11-24-first': {
    async up(db: Kysely<Tables>) {
      for (const statement of firstTables) await sql.raw(statement).execute(db)
    }
  }
}

const firstTables = [
  `CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT`,
  `CREATE TABLE tenant (
     name TEXT PRIMARY KEY,
     created_at TEXT NOT NULL,
     disabled_at TEXT,
     rate_per_minute INTEGER,
     burst INTEGER
   ) STRICT`,
  `CREATE TABLE api_key (
     id TEXT PRIMARY KEY,
     tenant TEXT NOT NULL REFERENCES tenant (name),
     digest BLOB NOT NULL,
     created_at TEXT NOT NULL,
     expires_at TEXT,
     revoked_at TEXT
   ) STRICT`,
  `CREATE INDEX api_key_by_tenant ON api_key (tenant)`,
  `CREATE TABLE api_key_use (key_id TEXT PRIMARY KEY REFERENCES api_key (id), last_used_at TEXT NOT NULL) STRICT`,
  `CREATE TABLE connector_grant (
     tenant TEXT NOT NULL REFERENCES tenant (name),
     connector_id TEXT NOT NULL,
     created_at TEXT NOT NULL,
     PRIMARY KEY (tenant, connector_id)
   ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE directory_change (id INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT NOT NULL) STRICT`,
  `CREATE TABLE writer (
     id TEXT PRIMARY KEY,
     opened_at TEXT NOT NULL,
     closed_at TEXT,
     open_from INTEGER NOT NULL DEFAULT 1
   ) STRICT`,
  `CREATE TABLE ledger (
     id INTEGER PRIMARY KEY,
     entry TEXT NOT NULL,
     hash BLOB NOT NULL,
     writer TEXT NOT NULL GENERATED ALWAYS AS (entry ->> 'writer') VIRTUAL,
     seq INTEGER NOT NULL GENERATED ALWAYS AS (entry ->> 'seq') VIRTUAL,
     kind TEXT NOT NULL GENERATED ALWAYS AS (entry ->> 'kind') VIRTUAL,
     request_id TEXT GENERATED ALWAYS AS (entry ->> 'request_id') VIRTUAL,
     attempt INTEGER GENERATED ALWAYS AS (entry ->> 'attempt') VIRTUAL
   ) STRICT`,
  `CREATE UNIQUE INDEX ledger_by_writer ON ledger (writer, seq)`,
  `CREATE UNIQUE INDEX ledger_by_call ON ledger (request_id, attempt, kind) WHERE request_id IS NOT NULL`,
  `CREATE TRIGGER ledger_is_append_only_update BEFORE UPDATE ON ledger
     BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END`,
  `CREATE TRIGGER ledger_is_append_only_delete BEFORE DELETE ON ledger
     BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END`
]

/** Brings the tables up to date. Safe when several processes start at once: each step is one transaction. */
export async function migrate(db: Kysely<Tables>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } })
  const { error } = await migrator.migrateToLatest()
  if (error)
    throw new StoreError(
      `cannot bring the store up to date: ${error instanceof Error ? error.message : error}`,
      {
        cause: error
      }
    )
}
