/**
 * Every change ever made to the tables, oldest first, as SQL. A released migration is never edited, and the name of the next one
 * sorts after it. Plain data, so that a start which finds the store up to date does not load what would migrate it (`migrate.ts`).
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
  ],
  '2026-11-24-ledger-in-batches': [
    `CREATE TABLE ledger_batch (
     id INTEGER PRIMARY KEY,
     entries INTEGER NOT NULL,
     writer TEXT NOT NULL,
     first_seq INTEGER NOT NULL,
     hashes BLOB NOT NULL,
     texts TEXT NOT NULL
   ) STRICT`,
    `INSERT INTO ledger_batch (id, entries, writer, first_seq, hashes, texts)
     SELECT id, 1, writer, seq, hash, entry FROM ledger ORDER BY id`,
    `DROP TABLE ledger`,
    `CREATE UNIQUE INDEX ledger_batch_by_writer ON ledger_batch (writer, first_seq)`,
    `CREATE TABLE ledger_cut (position INTEGER PRIMARY KEY) STRICT`,
    `CREATE TRIGGER ledger_is_append_only_update BEFORE UPDATE ON ledger_batch
     BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END`,
    `CREATE TRIGGER ledger_is_append_only_delete BEFORE DELETE ON ledger_batch
     WHEN OLD.id + OLD.entries - 1 > (SELECT coalesce(max(position), 0) FROM ledger_cut)
     BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END`,
    `CREATE VIEW ledger AS
     SELECT batch.id + line.key AS id,
       line.value ->> 'writer' AS writer,
       line.value ->> 'seq' AS seq,
       line.value ->> 'at' AS at,
       line.value ->> 'kind' AS kind,
       line.value ->> 'request_id' AS request_id,
       line.value ->> 'attempt' AS attempt,
       line.value ->> 'tenant' AS tenant,
       line.value ->> 'code' AS code,
       line.value AS entry,
       substr(batch.hashes, line.key * 32 + 1, 32) AS hash
     FROM ledger_batch AS batch, json_each('[' || replace(batch.texts, char(10), ',') || ']') AS line
     WHERE batch.id > (SELECT coalesce(max(position), 0) FROM ledger_cut)`,
    `CREATE TABLE ledger_segment (
     id INTEGER PRIMARY KEY,
     first_at TEXT NOT NULL,
     last_at TEXT NOT NULL
   ) STRICT`,
    `CREATE TABLE ledger_term (
     id INTEGER PRIMARY KEY,
     field TEXT NOT NULL,
     value TEXT NOT NULL,
     UNIQUE (field, value)
   ) STRICT`,
    `CREATE TABLE ledger_posting (
     term INTEGER NOT NULL,
     segment INTEGER NOT NULL,
     places BLOB NOT NULL,
     PRIMARY KEY (term, segment)
   ) STRICT, WITHOUT ROWID`,
    `CREATE TABLE ledger_request (
     request_id TEXT NOT NULL,
     position INTEGER NOT NULL,
     PRIMARY KEY (request_id, position)
   ) STRICT, WITHOUT ROWID`
  ],
  '2026-11-24-permissions': [
    `ALTER TABLE tenant ADD COLUMN operations TEXT`,
    `ALTER TABLE tenant ADD COLUMN addresses TEXT`,
    `ALTER TABLE tenant ADD COLUMN credentials TEXT`
  ],
  '2026-11-24-upstream-credentials': [
    `CREATE TABLE credential (
     name TEXT PRIMARY KEY,
     created_at TEXT NOT NULL,
     removed_at TEXT,
     latest INTEGER NOT NULL,
     active INTEGER NOT NULL,
     standby INTEGER,
     standby_until TEXT,
     follows_setting INTEGER NOT NULL
   ) STRICT`,
    `CREATE TABLE credential_version (
     credential TEXT NOT NULL REFERENCES credential (name),
     version INTEGER NOT NULL,
     created_at TEXT NOT NULL,
     source TEXT NOT NULL,
     fingerprint TEXT NOT NULL,
     wrapped_key BLOB,
     sealed BLOB,
     PRIMARY KEY (credential, version)
   ) STRICT, WITHOUT ROWID`,
    `CREATE TABLE credential_change (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     credential TEXT NOT NULL
   ) STRICT`
  ],
  '2026-11-25-admin-keys': [
    `CREATE TABLE admin_key (
     id TEXT PRIMARY KEY,
     name TEXT NOT NULL,
     role TEXT NOT NULL CHECK (role IN ('viewer', 'operator')),
     digest BLOB NOT NULL,
     created_at TEXT NOT NULL,
     expires_at TEXT,
     revoked_at TEXT
   ) STRICT`
  ],
  '2026-11-27-replaced-keys': [`ALTER TABLE api_key ADD COLUMN replaced_by TEXT REFERENCES api_key (id)`]
}

/** The migration that made the ledger's present tables: a store with it can be verified, searched and exported. */
export const ledgerMigration = '2026-11-24-ledger-in-batches'

/** The migration that completed tenants and credentials: the state of a store with it can be exported and compared. */
export const stateMigration = '2026-11-24-upstream-credentials'

/** A store with it is up to date. */
export const newestMigration = Object.keys(migrations).at(-1) as string
