import { randomFillSync } from 'node:crypto'

/** Random bytes for many ids, eight for each, and the same bytes in hex. */
const pool = Buffer.allocUnsafe(8192)
const digitsOfId = 16
let digits = ''
let used = 0
let lastMs = 0
/** An id's first digits, up to its version. */
let timePart = ''
let sequence = 0

/** The digit that holds the variant, binary 10, and two random bits. */
const variants = ['8', '9', 'a', 'b'] as const
/** The sequence's digits. */
const orders = Array.from({ length: 0x1000 }, (_, order) => order.toString(16).padStart(3, '0'))

/** A UUIDv7 (RFC 9562) with a 12-bit sequence, so that the ids of one process sort by age, also when the clock steps back. */
export function uuidv7(now = Date.now()): string {
  if (now > lastMs) startMs(now)
  else if (++sequence > 0xfff) startMs(lastMs + 1)
  if (used === digits.length) {
    digits = randomFillSync(pool).toString('hex')
    used = 0
  }
  const variant = variants[(pool[used / 2] as number) >> 6]
  const id = `${timePart}${orders[sequence]}-${variant}${digits.slice(used + 1, used + 4)}-${digits.slice(used + 4, used + digitsOfId)}`
  used += digitsOfId
  return id
}

function startMs(ms: number): void {
  lastMs = ms
  sequence = 0
  const time = ms.toString(16).padStart(12, '0')
  timePart = `${time.slice(0, 8)}-${time.slice(8)}-7`
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
