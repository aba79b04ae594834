import { randomBytes } from 'node:crypto'
import { checksum } from '../../src/tenants/keys/api-key.ts'

const idAlphabet = 'abcdefghijklmnopqrstuvwxyz234567'
export const secretAlphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** Where the id of a key begins, where its secret does, and where that ends. */
export const [idStart, secretStart, secretEnd] = [4, 21, 64]
export const keyLength = secretEnd + 6

function randomText(length: number, alphabet: string): string {
  let text = ''
  // Not every character is as likely as another: it is a bench.
  for (const byte of randomBytes(length)) text += alphabet[byte % alphabet.length]
  return text
}

export function randomKeyId(): string {
  return randomText(secretStart - 1 - idStart, idAlphabet)
}

/** A key by its id and secret, of the form that keys have, with a checksum that is right. */
export function keyOf(prefix: string, id: string, secret: string): string {
  const unchecked = `${prefix}_${id}_${secret}`
  return unchecked + checksum(unchecked)
}

export function randomSecret(): string {
  return randomText(secretEnd - secretStart, secretAlphabet)
}
