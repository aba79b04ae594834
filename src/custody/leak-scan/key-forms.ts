import { fold, sign, withoutSigns } from './folded-text.ts'

/** Forms in which an answer may hold a key, as codes (`folded-text.ts`). They are key material: zero them. */
type Forms = Uint8Array[]

/** Shorter forms would be found by chance in texts that have nothing to do with the key. */
const shortestForm = 8

/** The whole key as a program may repeat it without intent: plain, reversed, in hex or base64. */
export function wholeForms(key: Uint8Array): Forms {
  const others = [fold(key).reverse(), hex(key), ...base64(key)]
  return [fold(key), ...others.filter(form => form.length >= shortestForm)]
}

/** The key in all forms of which even a part is a leak, also those that only intent produces. */
export function disguisedForms(key: Uint8Array): Forms {
  const others = [Uint8Array.from(key).reverse(), rotatedBytes(key)]
  const forwards = [fold(key), rotated(fold(key)), hex(key), ...base64(key), ...base32(key)]
  const forms = [
    ...forwards,
    ...forwards.map(form => form.toReversed()),
    ...others.flatMap(other => [hex(other), ...base64(other), ...base32(other)]),
    ...base32(key, base32HexAlphabet),
    ...decimals(key)
  ]
  zero(others)
  return [...forms, ...forms.filter(form => form.includes(sign)).map(withoutSigns)]
}

export function zero(forms: readonly Uint8Array[]): void {
  for (const form of forms) form.fill(0)
}

/** The prefix that all keys of this family share. */
export function publicPart(key: Uint8Array): Uint8Array {
  const prefix = /^bd_(?:v[0-9]{1,2}_)?/i.exec(Buffer.from(key.subarray(0, 8)).toString('latin1'))
  return key.subarray(0, prefix?.[0].length ?? 0)
}

const letters = codesOf('ABCDEFGHIJKLMNOPQRSTUVWXYZ')
const base64Alphabet = Uint8Array.of(...letters, ...letters, ...codesOf('0123456789+/'))
const base32Alphabet = codesOf('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567')
const base32HexAlphabet = codesOf('0123456789ABCDEFGHIJKLMNOPQRSTUV')
const hexAlphabet = codesOf('0123456789abcdef')

function codesOf(text: string): Uint8Array {
  return fold(Buffer.from(text, 'latin1'))
}

function hex(bytes: Uint8Array): Uint8Array {
  return inDigits(bytes, 4, 0, hexAlphabet)
}

/** At any offset in the encoded bytes: those before the key shift its bits by 0, 2 or 4. */
function base64(bytes: Uint8Array): Forms {
  return [0, 4, 2].map(skipped => inDigits(bytes, 6, skipped, base64Alphabet))
}

function base32(bytes: Uint8Array, alphabet = base32Alphabet): Forms {
  return [0, 1, 2, 3, 4].map(skipped => inDigits(bytes, 5, skipped, alphabet))
}

/** The digits of `bits` bits that encode these bytes alone: one that also encodes bits before or after them can be any. */
function inDigits(bytes: Uint8Array, bits: number, skippedBits: number, alphabet: Uint8Array): Uint8Array {
  const digits = new Uint8Array(Math.max(0, Math.floor((bytes.length * 8 - skippedBits) / bits)))
  for (let index = 0; index < digits.length; index++) {
    const bit = skippedBits + index * bits
    const pair = ((bytes[bit >> 3] as number) << 8) | (bytes[(bit >> 3) + 1] ?? 0)
    digits[index] = alphabet[(pair >> (16 - bits - (bit & 7))) & ((1 << bits) - 1)] as number
  }
  return digits
}

/** The decimal codes of the characters in a row, unpadded and with three digits each. */
function decimals(bytes: Uint8Array): Forms {
  const numbers = Array.from(bytes, String)
  return [numbers, numbers.map(number => number.padStart(3, '0'))].map(texts => codesOf(texts.join('')))
}

/** ROT13 of codes. */
function rotated(text: Uint8Array): Uint8Array {
  return text.map(code => (code < 26 ? (code + 13) % 26 : code))
}

/** ROT13 of bytes, whose letters keep their case. */
function rotatedBytes(key: Uint8Array): Uint8Array {
  return key.map(byte => {
    const letter = (byte & 0xdf) - 0x41
    return letter >= 0 && letter < 26 ? byte - letter + ((letter + 13) % 26) : byte
  })
}
