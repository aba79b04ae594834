import { InvalidArgumentError } from 'commander'
import { type Declared, option } from './options.ts'

const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const longestMs = 36_500 * 86_400_000

/** Milliseconds of `90d`, `24h`, `30m` or `0s`; at most 36500 days. Throws InvalidArgumentError. */
export function durationMs(text: string): number {
  const [, count, unit = ''] = /^([0-9]{1,10})([smhd])$/.exec(text) ?? []
  const ms = Number(count) * (unitMs[unit] ?? Number.NaN)
  if (ms <= longestMs) return ms
  throw new InvalidArgumentError('It must be a duration such as 90d, 24h, 30m or 0s.')
}

/** When a key expires: after a duration, at a time, or never (null). */
export type Expiry = (now: Date) => Date | null

/** `--expires`, and what applies without it. */
export function expiresOption(otherwise: string): Declared<Expiry | undefined> {
  const forms = 'never, a duration such as 90d, a date, or an RFC 3339 time'
  return option('<when>', `${forms} (default: ${otherwise})`, expiry)
}

/** Reads `never`, a duration such as 90d, a date or an RFC 3339 time. Throws InvalidArgumentError. */
export function expiry(text: string): Expiry {
  return text === 'never' ? () => null : timeFromNow(text, 1, 'never, a duration such as 90d')
}

/** A time that has passed, as seen from now. */
export type Time = (now: Date) => Date

/** Reads a duration before now, a date or an RFC 3339 time. Throws InvalidArgumentError. */
export function pastTime(text: string): Time {
  return timeFromNow(text, -1, 'a duration such as 24h or 30m')
}

function timeFromNow(text: string, direction: 1 | -1, durations: string): Time {
  const at = instant(text)
  if (at !== null) return () => at
  if (!/^[0-9]+[smhd]$/.test(text))
    throw new InvalidArgumentError(`It must be ${durations}, a date, or a time such as 2027-01-31T12:00:00Z.`)
  const ms = direction * durationMs(text)
  return now => new Date(now.getTime() + ms)
}

/** The beginning of a day in UTC, or a time with its offset; null for anything else, and for days that do not exist. */
function instant(text: string): Date | null {
  const form = /^(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2}))?$/
  const day = form.exec(text)?.[1]
  if (day === undefined) return null
  const midnight = new Date(`${day}T00:00:00Z`)
  const at = new Date(text)
  const real = !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day)
  return real && !Number.isNaN(at.getTime()) ? at : null
}
