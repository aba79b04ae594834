import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  adminKeyPepper,
  apiKeyPepper,
  digestSecret,
  mintApiKey,
  parseApiKey
} from '../../../src/tenants/keys/api-key.ts'
import { pepper } from '../../support/fixtures/temporary-store.ts'

const minted = fc.noShrink(fc.constant(null).map(() => mintApiKey(pepper).key))
const letter = fc.constantFrom(...'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz')

describe('a minted key', () => {
  test('reads as cgw_<key id>_<secret><checksum> and parses to its parts', () => {
    fc.assert(
      fc.property(fc.constant(null), () => {
        const { id, key, digest } = mintApiKey(pepper)
        expect(key).toMatch(/^cgw_[a-z2-7]{16}_[0-9A-Za-z]{49}$/)
        const parsed = parseApiKey(key)
        expect(parsed).toEqual({ id, secret: key.slice(21, 64) })
        expect(digestSecret(pepper, parsed?.secret ?? '')).toEqual(digest)
      })
    )
  })

  test('is never minted twice', () => {
    const keys = Array.from({ length: 1000 }, () => mintApiKey(pepper))
    expect(new Set(keys.map(key => key.id)).size).toBe(1000)
    expect(new Set(keys.map(key => key.key.slice(21))).size).toBe(1000)
  })

  test('has another digest under another pepper', () => {
    const other = apiKeyPepper({ derive: () => Buffer.alloc(32, 8) })
    expect(digestSecret(pepper, 'a')).not.toEqual(digestSecret(other, 'a'))
  })
})

describe('a key is recognised as mistyped without any lookup', () => {
  test('when one character is wrong', () => {
    fc.assert(
      fc.property(minted, fc.nat(69), letter, (key, position, wrong) => {
        fc.pre(key[position] !== wrong)
        expect(parseApiKey(key.slice(0, position) + wrong + key.slice(position + 1))).toBeNull()
      })
    )
  })

  test('when two neighbours are swapped', () => {
    fc.assert(
      fc.property(minted, fc.nat(68), (key, position) => {
        fc.pre(key[position] !== key[position + 1])
        const swapped = `${key.slice(0, position)}${key[position + 1]}${key[position]}${key.slice(position + 2)}`
        expect(parseApiKey(swapped)).toBeNull()
      })
    )
  })

  test('when a part is missing, doubled or added', () => {
    fc.assert(
      fc.property(minted, fc.nat(69), fc.string({ minLength: 1 }), (key, position, extra) => {
        expect(parseApiKey(key.slice(0, position))).toBeNull()
        expect(parseApiKey(key.slice(position + 1))).toBeNull()
        expect(parseApiKey(key.slice(0, position) + extra + key.slice(position))).toBeNull()
        expect(parseApiKey(key + key)).toBeNull()
      })
    )
  })
})

test('a tenant key is no admin key and the reverse, also with the prefix exchanged', () => {
  const tenants = mintApiKey(pepper).key
  const admins = mintApiKey(pepper, 'cga').key
  expect(parseApiKey(admins, 'cga')).not.toBeNull()
  for (const key of [tenants, tenants.replace('cgw_', 'cga_')]) expect(parseApiKey(key, 'cga')).toBeNull()
  for (const key of [admins, admins.replace('cga_', 'cgw_')]) expect(parseApiKey(key)).toBeNull()
})

test('tenant keys and admin keys have different peppers', () => {
  const purposes: string[] = []
  const master = {
    derive(purpose: string) {
      purposes.push(purpose)
      return Buffer.alloc(32, purposes.length)
    }
  }
  expect(digestSecret(apiKeyPepper(master), 'a')).not.toEqual(digestSecret(adminKeyPepper(master), 'a'))
  expect(new Set(purposes).size).toBe(2)
})

test('any other text is no key', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), text => parseApiKey(text) === null))
  const { key } = mintApiKey(pepper)
  for (const text of ['', 'cgw_', ` ${key}`, `${key}\n`, key.toUpperCase(), key.replace('cgw_', 'cgw-')])
    expect(parseApiKey(text)).toBeNull()
})
