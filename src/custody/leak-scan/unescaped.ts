const [percent, ampersand, backslash, hash, semicolon, zero] = [0x25, 0x26, 0x5c, 0x23, 0x3b, 0x30]
const [letterU, letterX, quote, slash, leftBrace, rightBrace] = [0x75, 0x78, 0x22, 0x2f, 0x7b, 0x7d]

/** 1 for each byte that begins an escape: bytes without any are their own unescaped reading. */
export const beginsEscape: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte === percent || byte === backslash || byte === ampersand ? 1 : 0
)

/**
 * Replaces the escapes of URLs (`%5f`, `%u005f`), of JSON and scripts (`\u005f`, `\u{5f}`, `\x5f`, `\"`, behind any number of
 * backslashes) and of HTML (`&#95;`, `&#x5f;`). One pass without backtracking: an answer may be a megabyte of anything.
 */
export function unescaped(bytes: Buffer): Buffer {
  const text = Buffer.allocUnsafe(bytes.length)
  let [at, length] = [0, 0]
  while (at < bytes.length) {
    const byte = bytes[at] as number
    if (byte !== backslash && byte !== percent && byte !== ampersand) {
      text[length++] = byte
      at++
      continue
    }
    let end = at + 1
    if (byte === backslash) while (bytes[end] === backslash) end++
    const escaped = byte === ampersand ? readReference(bytes, end) : readEscape(bytes, end, byte)
    if (escaped !== none) {
      text[length++] = escaped & 0xff
      at = escaped >>> 8
    } else {
      // Two backslashes stand for one; the last of an odd number for itself, or for nothing before a sign that it escapes.
      const isMark = byte === backslash && (bytes[end] === quote || bytes[end] === slash)
      for (let left = end - at; left > (isMark ? 1 : 0); left -= 2) text[length++] = byte
      at = end
    }
  }
  return text.subarray(0, length)
}

/** An escape that was read: the index behind it (below 2^24) and, in the lowest eight bits, its byte. */
type Escaped = number
const none: Escaped = -1
const noDigit = 16
/** A number of more digits is not that of a byte. */
const longestNumber = 4

/** Behind a percent sign or backslashes. */
function readEscape(bytes: Buffer, at: number, mark: number): Escaped {
  const next = lowerCases[bytes[at] ?? zero]
  if (next === letterU) return readUnicode(bytes, at + 1)
  if (mark === percent) return readHex(bytes, at)
  return next === letterX ? readHex(bytes, at + 1) : none
}

function readUnicode(bytes: Buffer, at: number): Escaped {
  if (bytes[at] === leftBrace) return readNumber(bytes, at + 1, 16, rightBrace)
  return bytes[at] === zero && bytes[at + 1] === zero ? readHex(bytes, at + 2) : none
}

/** Behind an ampersand. */
function readReference(bytes: Buffer, at: number): Escaped {
  if (bytes[at] !== hash) return none
  const isHex = lowerCases[bytes[at + 1] ?? zero] === letterX
  return isHex ? readNumber(bytes, at + 2, 16, semicolon) : readNumber(bytes, at + 1, 10, semicolon)
}

/** Two digits. */
function readHex(bytes: Buffer, at: number): Escaped {
  if (at + 1 >= bytes.length) return none
  const high = digits[bytes[at] as number] as number
  const low = digits[bytes[at + 1] as number] as number
  return high === noDigit || low === noDigit ? none : ((at + 2) << 8) | (high * 16 + low)
}

/** A number behind any zeros, and the sign that ends it, which HTML may omit. */
function readNumber(bytes: Buffer, from: number, base: 10 | 16, end: number): Escaped {
  let at = from
  while (bytes[at] === zero) at++
  let value = 0
  const first = at
  for (; at < bytes.length && at - first < longestNumber; at++) {
    const digit = digits[bytes[at] as number] as number
    if (digit >= base) break
    value = value * base + digit
  }
  if (at === first || value > 0xff) return none
  if (bytes[at] === end) return ((at + 1) << 8) | value
  return end === semicolon ? (at << 8) | value : none
}

/** Letters in lower case, other bytes as they are. */
const lowerCases = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte
)

/** The values of hex digits; `noDigit` for other bytes. */
const digits = Uint8Array.from({ length: 256 }, (_, byte) => {
  const value = Number.parseInt(String.fromCharCode(byte), 16)
  return Number.isNaN(value) ? noDigit : value
})
