/**
 * Every change ever made to the tables, oldest first, as SQL. A change that has been released is never edited. Plain
 * data: whether a store is up to date can be told without loading what would bring it there (`migrate.ts`).
 */
export const migrations: Readonly<Record<string, readonly string[]>> = {
  '2026-11-24-first': [
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
}

/** The name of the last change. A store that has it is up to date. */
export const newestMigration = Object.keys(migrations).at(-1) as string
