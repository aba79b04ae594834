import type { DatabaseSync } from 'node:sqlite'
import type { Kysely, Transaction } from 'kysely'
import { searchLedger } from '../../ledger/query/search.ts'
import type { Tables } from '../../store/tables.ts'

/** A key's row without the digest of its secret, and with its last use. */
export type StoredKey = Omit<Tables['api_key'], 'digest'> & {
  /** Written by running gateways every few seconds; null when never used. */
  last_used_at: string | null
}

export function selectKeys(db: Kysely<Tables>) {
  return db
    .selectFrom('api_key')
    .leftJoin('api_key_use', 'api_key_use.key_id', 'api_key.id')
    .select(['id', 'tenant', 'created_at', 'expires_at', 'revoked_at', 'replaced_by', 'last_used_at'])
}

export async function findKey(tx: Transaction<Tables>, id: string): Promise<StoredKey | undefined> {
  return await selectKeys(tx).where('id', '=', id).executeTakeFirst()
}

/** The last key that replaced this one by rotations; null when it was never rotated, or the record of that is gone. */
export async function successorOf(
  tx: Transaction<Tables>,
  raw: DatabaseSync,
  key: StoredKey
): Promise<StoredKey | null> {
  let last = key
  for (let id = replacementOf(raw, last); id !== null; id = replacementOf(raw, last)) {
    const next = await findKey(tx, id)
    if (next === undefined) break
    last = next
  }
  return last === key ? null : last
}

/**
 * Rows of older rotations do not name the new key. The ledger does, where it is not pruned: its entry is the one right before
 * that of the rotation. A key without an end was never rotated.
 */
function replacementOf(raw: DatabaseSync, { id, tenant, expires_at, replaced_by }: StoredKey): string | null {
  if (replaced_by !== null || expires_at === null) return replaced_by
  const [rotated] = searchLedger(raw, { keyId: id, kind: 'admin.key.rotate' }, { limit: 1 }).items
  if (!rotated) return null
  const since = new Date(rotated.at)
  const search = { tenant, kind: 'admin.key.issue', since, until: new Date(since.getTime() + 1) }
  const issues = searchLedger(raw, search, { limit: Number.MAX_SAFE_INTEGER }).items
  const own = issues.find(({ writer, seq }) => writer === rotated.writer && seq === rotated.seq - 1)
  return own?.key_id ?? null
}
