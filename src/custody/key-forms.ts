import { fold } from './folded-text.ts'

/** Forms in which a key may come back, as codes (`folded-text.ts`). They are key material: zero them. */
type Forms = Uint8Array[]

/** Below this, a form would be found by chance in texts that have nothing to do with the key. */
const shortestForm = 8

/** The key whole, as a program repeats it that does not know it for a secret: plain, reversed, in hex or base64. */
export function wholeForms(key: Uint8Array): Forms {
  const others = [fold(key).reverse(), hex(key), ...base64(key)]
  return [fold(key), ...others.filter(form => form.length >= shortestForm)]
}

/** Overwrites forms that have been used. */
export function zero(forms: readonly Uint8Array[]): void {
  for (const form of forms) form.fill(0)
}

const letters = codesOf('ABCDEFGHIJKLMNOPQRSTUVWXYZ')
const base64Alphabet = Uint8Array.of(...letters, ...letters, ...codesOf('0123456789+/'))
const hexAlphabet = codesOf('0123456789abcdef')

function codesOf(text: string): Uint8Array {
  return fold(Buffer.from(text, 'latin1'))
}

function hex(bytes: Uint8Array): Uint8Array {
  return inDigits(bytes, 4, 0, hexAlphabet)
}

/** Behind any number of other bytes: their bits move the key's by 0, 2 or 4. */
function base64(bytes: Uint8Array): Forms {
  return [0, 4, 2].map(skipped => inDigits(bytes, 6, skipped, base64Alphabet))
}

/**
 * The digits of so many bits each that stand for these bytes alone. Bits at both ends that share a digit with what comes
 * before or after are left out: that digit can be any.
 */
function inDigits(bytes: Uint8Array, bits: number, skippedBits: number, alphabet: Uint8Array): Uint8Array {
  const digits = new Uint8Array(Math.max(0, Math.floor((bytes.length * 8 - skippedBits) / bits)))
  for (let index = 0; index < digits.length; index++) {
    const bit = skippedBits + index * bits
    const pair = ((bytes[bit >> 3] as number) << 8) | (bytes[(bit >> 3) + 1] ?? 0)
    digits[index] = alphabet[(pair >> (16 - bits - (bit & 7))) & ((1 << bits) - 1)] as number
  }
  return digits
}
