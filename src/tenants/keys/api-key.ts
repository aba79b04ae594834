import { createHmac, createSecretKey, type KeyObject, randomBytes, randomInt } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { type KeyedDigest, keyedDigest } from './keyed-digest.ts'

/** The pepper of stored digests. A KeyObject, not bytes: it cannot be printed, and is faster to use. */
export type Pepper = KeyObject

/** Whose key it is: a tenant's, for the public listener, or an administrator's, for the admin listener. */
export type KeyPrefix = 'cgw' | 'cga'

/** The parts of a key. The secret stays text: it is only hashed. */
export type ApiKey = { readonly id: string; readonly secret: string }

/** A new key: `key` is shown once and never kept, `digest` is what the store holds. */
export type MintedKey = { readonly id: string; readonly key: string; readonly digest: Buffer }

const idAlphabet = 'abcdefghijklmnopqrstuvwxyz234567'
const secretAlphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
/** Characters of the id of a key. */
const idLength = 16
/** 43 characters out of 62 hold 256 bits. */
const secretLength = 43
/** 6 characters out of 62 hold the 32 bits of a CRC. */
const checksumLength = 6
/** Where the id begins in a key, whatever its prefix. */
const idStart = 'cgw_'.length
const secretStart = idStart + idLength + '_'.length
const secretEnd = secretStart + secretLength
const keyLength = secretEnd + checksumLength
const parts = `_[a-z2-7]{${idLength}}_[0-9A-Za-z]{${secretLength + checksumLength}}$`
const forms: Readonly<Record<KeyPrefix, RegExp>> = {
  cgw: new RegExp(`^cgw${parts}`),
  cga: new RegExp(`^cga${parts}`)
}

/** The pepper of a master key. Another master key makes every issued key unknown. */
export function apiKeyPepper(masterKey: { derive(purpose: string): Buffer }): Pepper {
  return createSecretKey(masterKey.derive('api-key-pepper'))
}

/** The pepper of admin keys: a digest of one kind of key is of no use as the other. */
export function adminKeyPepper(masterKey: { derive(purpose: string): Buffer }): Pepper {
  return createSecretKey(masterKey.derive('admin-key-pepper'))
}

/** Makes a key with a fresh id (80 bits) and secret (256 bits). */
export function mintApiKey(pepper: Pepper, prefix: KeyPrefix = 'cgw'): MintedKey {
  const id = [...randomBytes(idLength)].map(byte => idAlphabet[byte % idAlphabet.length]).join('')
  const secret = Array.from(
    { length: secretLength },
    () => secretAlphabet[randomInt(secretAlphabet.length)]
  ).join('')
  const unchecked = `${prefix}_${id}_${secret}`
  return { id, key: unchecked + checksum(unchecked), digest: digestSecret(pepper, secret) }
}

/**
 * The parts of `<prefix>_<key id>_<secret><checksum>`, or null for anything else, also a key with another prefix. One wrong
 * character, or two swapped neighbours, never pass the checksum: a mistyped key needs no lookup.
 */
export function parseApiKey(text: string, prefix: KeyPrefix = 'cgw'): ApiKey | null {
  if (text.length !== keyLength || !forms[prefix].test(text)) return null
  if (text.slice(secretEnd) !== checksum(text.slice(0, secretEnd))) return null
  return { id: text.slice(idStart, idStart + idLength), secret: text.slice(secretStart, secretEnd) }
}

/** Stored and compared in place of a secret: HMAC-SHA256 under the pepper, 32 bytes. */
export function digestSecret(pepper: Pepper, secret: string): Buffer {
  return createHmac('sha256', pepper).update(secret).digest()
}

/** `digestSecret` for many secrets under one pepper, as text, in a third of the time. */
export function secretDigester(pepper: Pepper): KeyedDigest {
  return keyedDigest(pepper, secretLength)
}

/** The end of a key: the CRC of all before it, as text. */
export function checksum(text: string): string {
  let rest = crc32(text)
  let digits = ''
  for (let place = 0; place < checksumLength; place++) {
    digits = secretAlphabet[rest % 62] + digits
    rest = Math.floor(rest / 62)
  }
  return digits
}
