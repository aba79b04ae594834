import { createSecretKey, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { decrypt, type Envelope, encrypt, rewrap } from '../../../src/custody/crypto/envelope.ts'

const wrapping = createSecretKey(randomBytes(32))
const secret = Buffer.from('bd_v2_canary_of_envelopes')
const aad = 'default@2'

test('an encrypted secret decrypts with its additional data, and shows nothing of the secret', () => {
  const encrypted = encrypt(secret, aad, wrapping)
  expect(decrypt(encrypted, aad, wrapping)).toEqual(secret)
  expect(Buffer.concat([encrypted.ciphertext, encrypted.wrappedKey]).includes(secret)).toBe(false)
})

test('each encryption of the same secret differs, under a data key of its own', () => {
  const [one, other] = [encrypt(secret, aad, wrapping), encrypt(secret, aad, wrapping)]
  expect(one.ciphertext).not.toEqual(other.ciphertext)
  expect(() => decrypt({ ...one, wrappedKey: other.wrappedKey }, aad, wrapping)).toThrow(
    expect.objectContaining({ code: 'credentials_damaged' })
  )
})

test('a rewrapped data key opens with the new wrapping key, no longer with the first, and gives the same secret', () => {
  const next = createSecretKey(randomBytes(32))
  const encrypted = encrypt(secret, aad, wrapping)
  const rewrapped = { ...encrypted, wrappedKey: rewrap(encrypted.wrappedKey, aad, wrapping, next) }
  expect(decrypt(rewrapped, aad, next)).toEqual(secret)
  expect(() => decrypt(rewrapped, aad, wrapping)).toThrow(
    expect.objectContaining({ code: 'credentials_damaged' })
  )
})

describe('an envelope does not decrypt', () => {
  test.each(['default@1', 'default@3', 'other@2', 'default@2 ', ''])(
    'with other additional data (%s)',
    elsewhere => {
      expect(() => decrypt(encrypt(secret, aad, wrapping), elsewhere, wrapping)).toThrow(
        expect.objectContaining({ code: 'credentials_damaged' })
      )
    }
  )

  test('with any one bit flipped, of the secret or of its data key', () => {
    const encrypted = encrypt(secret, aad, wrapping)
    for (const part of ['ciphertext', 'wrappedKey'] as const)
      for (let bit = 0; bit < encrypted[part].length * 8; bit++) {
        const flipped = Buffer.from(encrypted[part])
        flipped.writeUInt8((flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7)), bit >> 3)
        expect(() => decrypt({ ...encrypted, [part]: flipped }, aad, wrapping)).toThrow(
          expect.objectContaining({ code: 'credentials_damaged' })
        )
      }
  })

  test('cut, at whatever length', () => {
    const encrypted = encrypt(secret, aad, wrapping)
    for (const part of ['ciphertext', 'wrappedKey'] as const)
      for (let length = 0; length < encrypted[part].length; length++) {
        const cut: Envelope = { ...encrypted, [part]: encrypted[part].subarray(0, length) }
        expect(() => decrypt(cut, aad, wrapping)).toThrow(
          expect.objectContaining({ code: 'credentials_damaged' })
        )
      }
  })

  test('with its parts exchanged', () => {
    const { ciphertext, wrappedKey } = encrypt(secret, aad, wrapping)
    expect(() => decrypt({ ciphertext: wrappedKey, wrappedKey: ciphertext }, aad, wrapping)).toThrow(
      expect.objectContaining({ code: 'credentials_damaged' })
    )
  })
})
