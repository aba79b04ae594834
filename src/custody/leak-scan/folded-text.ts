/**
 * Texts and keys are compared as codes, so that a key in capitals, or with `-` for `_`, is still found: 0 to 25 for letters of
 * either case, 26 to 35 for digits, 36 for any sign of ASCII, 37 for what no key contains.
 */
export const codes = 38
export const sign = 36
const foreign = 37

/** The code of each byte. */
export const folded: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => codeOf(byte))

function codeOf(byte: number): number {
  const lower = byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte
  if (lower >= 0x61 && lower <= 0x7a) return lower - 0x61
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30 + 26
  return byte >= 0x20 && byte <= 0x7e ? sign : foreign
}

/** Bytes as codes. */
export function fold(bytes: Uint8Array): Uint8Array {
  return bytes.map(byte => folded[byte] ?? foreign)
}

/** Codes without signs: `a-b.c` becomes `abc`. */
export function withoutSigns(text: Uint8Array): Uint8Array {
  return text.filter(code => code < sign)
}
