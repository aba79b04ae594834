import { domainError } from '../../contract/error-table.ts'

/** When a key expires that is issued at `at`; null for never. Throws Refusal: expiry_invalid (not in the future). */
export function expiryAfter(at: string, expiresAt: Date | null): string | null {
  if (expiresAt === null) return null
  const expiry = instant(expiresAt)
  if (expiry <= at) throw domainError('expiry_invalid', 'a key must expire in the future')
  return expiry
}

/** RFC 3339 with a year of four digits: only such times can be compared as text. Throws Refusal: expiry_invalid. */
export function instant(date: Date): string {
  if (!(date.getTime() < Date.UTC(10_000)))
    throw domainError('expiry_invalid', 'a key cannot expire after the year 9999')
  return date.toISOString()
}
