import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { domainError } from '../../contract/error-table.ts'

/** A secret sealed under a data key of its own, and that data key wrapped by the store's wrapping key. */
export type Envelope = { readonly wrappedKey: Uint8Array; readonly sealed: Uint8Array }

const algorithm = 'aes-256-gcm'
const ivBytes = 12
const tagBytes = 16

/**
 * Seals a secret for one place, e.g. `default@3`: it opens there and nowhere else. AES-256-GCM, the place bound as
 * associated data, both to the secret and to its data key.
 */
export function seal(secret: Buffer, place: string, wrapping: KeyObject): Envelope {
  const dataKey = randomBytes(32)
  try {
    return {
      sealed: encrypt(createSecretKey(dataKey), secret, secretPlace(place)),
      wrappedKey: encrypt(wrapping, dataKey, dataKeyPlace(place))
    }
  } finally {
    dataKey.fill(0)
  }
}

/** The secret, in a buffer of its own: zero it after use. Throws SealBroken. */
export function unseal({ wrappedKey, sealed }: Envelope, place: string, wrapping: KeyObject): Buffer {
  const dataKey = decrypt(wrapping, wrappedKey, dataKeyPlace(place))
  try {
    return decrypt(createSecretKey(dataKey), sealed, secretPlace(place))
  } finally {
    dataKey.fill(0)
  }
}

/** The same data key, wrapped by another key: what it seals stays as it is. Throws SealBroken. */
export function rewrap(wrappedKey: Uint8Array, place: string, from: KeyObject, to: KeyObject): Uint8Array {
  const dataKey = decrypt(from, wrappedKey, dataKeyPlace(place))
  try {
    return encrypt(to, dataKey, dataKeyPlace(place))
  } finally {
    dataKey.fill(0)
  }
}

/** `iv ‖ ciphertext ‖ tag`, with `place` as associated data. */
export function encrypt(key: KeyObject, plain: Buffer, place: string): Buffer {
  const iv = randomBytes(ivBytes)
  const cipher = createCipheriv(algorithm, key, iv, { authTagLength: tagBytes })
  cipher.setAAD(Buffer.from(place, 'utf8'))
  return Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

/** Opens what `encrypt` made. Throws SealBroken. */
export function decrypt(key: KeyObject, box: Uint8Array, place: string): Buffer {
  const bytes = Buffer.from(box.buffer, box.byteOffset, box.byteLength)
  if (bytes.length < ivBytes + tagBytes)
    throw domainError('credentials_damaged', 'what was sealed has been cut')
  const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, ivBytes), { authTagLength: tagBytes })
  decipher.setAAD(Buffer.from(place, 'utf8'))
  decipher.setAuthTag(bytes.subarray(-tagBytes))
  const head = decipher.update(bytes.subarray(ivBytes, -tagBytes))
  try {
    const rest = decipher.final()
    if (rest.length === 0) return head
    const plain = Buffer.concat([head, rest])
    head.fill(0)
    return plain
  } catch {
    head.fill(0)
    throw domainError('credentials_damaged', 'what was sealed does not open here: it was altered or moved')
  }
}

function secretPlace(place: string): string {
  return `connector-gateway credential ${place}`
}

function dataKeyPlace(place: string): string {
  return `connector-gateway data key of credential ${place}`
}
