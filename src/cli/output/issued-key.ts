import { keyValueLines, shortTime } from './table.ts'

/** A key that was issued, with its owner, for people: at the only moment when it can be seen whole. */
export function issuedKeyText(
  { key, key_id, expires_at }: { key: string; key_id: string; expires_at: string | null },
  owner: Readonly<Record<string, string>>
): string {
  return `${keyValueLines([
    ['key', key],
    ['key id', key_id],
    ...Object.entries(owner),
    ['expires', expires_at === null ? 'never' : shortTime(expires_at)]
  ])}\nThe key is shown only now: keep it safe.\n`
}

/** What revoking a key came to. */
export function revocation({ changed, revoked_at }: { changed: boolean; revoked_at: string | null }): string {
  return changed ? 'is revoked' : `was already revoked, at ${shortTime(revoked_at)}`
}
