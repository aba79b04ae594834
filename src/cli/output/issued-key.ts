import { facts, shortTime } from './table.ts'

/** A key that was issued, with whose it is, for people: at the only moment when it can be seen whole. */
export function issuedKeyText(
  { key, key_id, expires_at }: { key: string; key_id: string; expires_at: string | null },
  whose: Readonly<Record<string, string>>
): string {
  return `${facts([
    ['key', key],
    ['key id', key_id],
    ...Object.entries(whose),
    ['expires', expires_at === null ? 'never' : shortTime(expires_at)]
  ])}\nThe key is shown only now: keep it safe.\n`
}
