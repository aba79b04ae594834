import { createSecretKey, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { type Envelope, rewrap, seal, unseal } from '../../../src/custody/crypto/envelope.ts'

const wrapping = createSecretKey(randomBytes(32))
const secret = Buffer.from('bd_v2_canary_of_sealing')
const place = 'default@2'

test('what was sealed opens at its place, and shows nothing of the secret', () => {
  const sealed = seal(secret, place, wrapping)
  expect(unseal(sealed, place, wrapping)).toEqual(secret)
  expect(Buffer.concat([sealed.sealed, sealed.wrappedKey]).includes(secret)).toBe(false)
})

test('the same secret is sealed another way each time, under a data key of its own', () => {
  const [one, other] = [seal(secret, place, wrapping), seal(secret, place, wrapping)]
  expect(one.sealed).not.toEqual(other.sealed)
  expect(() => unseal({ ...one, wrappedKey: other.wrappedKey }, place, wrapping)).toThrow(
    expect.objectContaining({ code: 'credentials_damaged' })
  )
})

test('wrapped by another key, it opens with that one, no longer with the first, and is the same', () => {
  const next = createSecretKey(randomBytes(32))
  const sealed = seal(secret, place, wrapping)
  const rewrapped = { ...sealed, wrappedKey: rewrap(sealed.wrappedKey, place, wrapping, next) }
  expect(unseal(rewrapped, place, next)).toEqual(secret)
  expect(() => unseal(rewrapped, place, wrapping)).toThrow(
    expect.objectContaining({ code: 'credentials_damaged' })
  )
})

describe('it does not open', () => {
  test.each(['default@1', 'default@3', 'other@2', 'default@2 ', ''])('at another place (%s)', elsewhere => {
    expect(() => unseal(seal(secret, place, wrapping), elsewhere, wrapping)).toThrow(
      expect.objectContaining({ code: 'credentials_damaged' })
    )
  })

  test('with any one bit flipped, of the secret or of its data key', () => {
    const sealed = seal(secret, place, wrapping)
    for (const part of ['sealed', 'wrappedKey'] as const)
      for (let bit = 0; bit < sealed[part].length * 8; bit++) {
        const flipped = Buffer.from(sealed[part])
        flipped.writeUInt8((flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7)), bit >> 3)
        expect(() => unseal({ ...sealed, [part]: flipped }, place, wrapping)).toThrow(
          expect.objectContaining({ code: 'credentials_damaged' })
        )
      }
  })

  test('cut, at whatever length', () => {
    const sealed = seal(secret, place, wrapping)
    for (const part of ['sealed', 'wrappedKey'] as const)
      for (let length = 0; length < sealed[part].length; length++) {
        const cut: Envelope = { ...sealed, [part]: sealed[part].subarray(0, length) }
        expect(() => unseal(cut, place, wrapping)).toThrow(
          expect.objectContaining({ code: 'credentials_damaged' })
        )
      }
  })

  test('with its parts exchanged', () => {
    const { sealed, wrappedKey } = seal(secret, place, wrapping)
    expect(() => unseal({ sealed: wrappedKey, wrappedKey: sealed }, place, wrapping)).toThrow(
      expect.objectContaining({ code: 'credentials_damaged' })
    )
  })
})
