import { randomBytes } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { randomKeyId } from '../callers/random-keys.ts'

/**
 * Adds tenants straight to a store that the gateway has made, each with one key or more, one grant and the changes
 * that the commands would have noted: thousands of commands would take longer than the whole bench.
 */
export function addTenants(path: string, count: number, keysEach = 1): void {
  const database = new DatabaseSync(path)
  const at = new Date().toISOString()
  const tenant = database.prepare('INSERT INTO tenant (name, created_at) VALUES (?, ?)')
  const key = database.prepare('INSERT INTO api_key (id, tenant, digest, created_at) VALUES (?, ?, ?, ?)')
  const grant = database.prepare(
    'INSERT INTO connector_grant (tenant, connector_id, created_at) VALUES (?, ?, ?)'
  )
  const change = database.prepare('INSERT INTO directory_change (tenant) VALUES (?)')
  database.exec('BEGIN')
  for (let index = 0; index < count; index++) {
    const name = `crowd-${index}`
    tenant.run(name, at)
    for (let nth = 0; nth < keysEach; nth++) key.run(randomKeyId(), name, randomBytes(32), at)
    grant.run(name, '*', at)
    for (let changes = 0; changes < 2 + keysEach; changes++) change.run(name)
  }
  database.exec('COMMIT')
  database.close()
}

/**
 * Throws unless the ledger holds an intent and an outcome for every call: figures of a gateway that forgot
 * some would not be worth comparing.
 */
export function requireLedgerOf(path: string, calls: number): void {
  const database = new DatabaseSync(path, { readOnly: true })
  const count = database.prepare('SELECT count(*) AS entries FROM ledger WHERE kind = ?')
  const [intents, outcomes] = ['call.intent', 'call.outcome'].map(
    kind => (count.get(kind) as { entries: number }).entries
  ) as [number, number]
  database.close()
  if (intents < calls || outcomes !== intents)
    throw new Error(`the ledger holds ${intents} intents and ${outcomes} outcomes of ${calls} calls`)
}
