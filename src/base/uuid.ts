import { randomFillSync } from 'node:crypto'

const pool = Buffer.allocUnsafe(4096)
let used = pool.length
let lastMs = 0
let sequence = 0

/** A UUIDv7 (RFC 9562) with a 12-bit sequence, so that the ids of one process sort by age, also when the clock steps back. */
export function uuidv7(now = Date.now()): string {
  if (now > lastMs) {
    lastMs = now
    sequence = 0
  } else if (++sequence > 0xfff) {
    lastMs++
    sequence = 0
  }
  if (used + 8 > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const time = lastMs.toString(16).padStart(12, '0')
  const order = sequence.toString(16).padStart(3, '0')
  pool[used] = ((pool[used] as number) & 0x3f) | 0x80
  const random = pool.toString('hex', used, used + 8)
  used += 8
  return `${time.slice(0, 8)}-${time.slice(8)}-7${order}-${random.slice(0, 4)}-${random.slice(4)}`
}

const version7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i

/** The last millisecond of the year 9999, and of RFC 3339. */
const lastTimeMs = 253_402_300_799_999

/** The time of a UUIDv7 in milliseconds since 1970; null for any other text, and past the year 9999. */
export function uuidv7TimeMs(text: string): number | null {
  const timeMs = version7.test(text) ? uuidTimeMs(text) : Number.NaN
  return timeMs <= lastTimeMs ? timeMs : null
}

/** The time of a UUIDv7 in milliseconds since 1970; NaN for any other text. */
export function uuidTimeMs(uuid: string): number {
  return Number.parseInt(uuid.replaceAll('-', '').slice(0, 12), 16)
}
