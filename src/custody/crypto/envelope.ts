import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { domainError } from '../../contract/error-table.ts'

/** A secret under a data key of its own, and that data key under the store's wrapping key. */
export type Envelope = { readonly wrappedKey: Uint8Array; readonly ciphertext: Uint8Array }

const algorithm = 'aes-256-gcm'
const ivBytes = 12
const tagBytes = 16

/** Encrypts a secret with AES-256-GCM. `aad`, e.g. `default@3`, is bound to it and to its data key. */
export function encrypt(secret: Buffer, aad: string, wrapping: KeyObject): Envelope {
  return useOnce(randomBytes(32), dataKey => ({
    ciphertext: encryptBytes(createSecretKey(dataKey), secret, secretAad(aad)),
    wrappedKey: encryptBytes(wrapping, dataKey, dataKeyAad(aad))
  }))
}

/** The secret, in a buffer of its own: zero it after use. Throws `credentials_damaged`. */
export function decrypt({ wrappedKey, ciphertext }: Envelope, aad: string, wrapping: KeyObject): Buffer {
  return useOnce(decryptBytes(wrapping, wrappedKey, dataKeyAad(aad)), dataKey =>
    decryptBytes(createSecretKey(dataKey), ciphertext, secretAad(aad))
  )
}

/** The same data key under another wrapping key: the secret's ciphertext stays as it is. Throws `credentials_damaged`. */
export function rewrap(wrappedKey: Uint8Array, aad: string, from: KeyObject, to: KeyObject): Uint8Array {
  return useOnce(decryptBytes(from, wrappedKey, dataKeyAad(aad)), dataKey =>
    encryptBytes(to, dataKey, dataKeyAad(aad))
  )
}

/** Calls back with secret bytes, and zeroes them as soon as it returns: nothing may use them later. */
export function useOnce<T>(
  secret: Buffer,
  use: (secret: Buffer) => T extends Promise<unknown> ? never : T
): T {
  try {
    return use(secret)
  } finally {
    secret.fill(0)
  }
}

/** `iv ‖ ciphertext ‖ tag` */
export function encryptBytes(key: KeyObject, plain: Buffer, aad: string): Buffer {
  const iv = randomBytes(ivBytes)
  const cipher = createCipheriv(algorithm, key, iv, { authTagLength: tagBytes })
  cipher.setAAD(Buffer.from(aad, 'utf8'))
  return Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

/** Decrypts what `encryptBytes` made. Throws `credentials_damaged`. */
export function decryptBytes(key: KeyObject, encrypted: Uint8Array, aad: string): Buffer {
  const bytes = Buffer.from(encrypted.buffer, encrypted.byteOffset, encrypted.byteLength)
  if (bytes.length < ivBytes + tagBytes)
    throw domainError('credentials_damaged', 'the encrypted key is truncated')
  const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, ivBytes), { authTagLength: tagBytes })
  decipher.setAAD(Buffer.from(aad, 'utf8'))
  decipher.setAuthTag(bytes.subarray(-tagBytes))
  const plain = decipher.update(bytes.subarray(ivBytes, -tagBytes))
  try {
    // GCM is a stream: nothing comes behind `update`, but the tag is checked here.
    decipher.final()
    return plain
  } catch {
    plain.fill(0)
    throw domainError('credentials_damaged', 'the encrypted key cannot be decrypted: it was altered or moved')
  }
}

function secretAad(aad: string): string {
  return `connector-gateway credential ${aad}`
}

function dataKeyAad(aad: string): string {
  return `connector-gateway data key of credential ${aad}`
}
