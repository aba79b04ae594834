import { createHmac, createSecretKey, randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { digestSecret, mintApiKey, parseApiKey, secretDigester } from '../../../src/tenants/keys/api-key.ts'
import { keyedDigest } from '../../../src/tenants/keys/keyed-digest.ts'

test('the keyed digest is HMAC-SHA256 for every key of up to a block and every text of its length', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 64 }),
      fc.nat({ max: 200 }).chain(length => fc.array(fc.string({ minLength: length, maxLength: length }))),
      (bytes, texts) => {
        const digest = keyedDigest(createSecretKey(bytes), texts[0]?.length ?? 0)
        for (const text of texts)
          expect(digest(text)).toEqual(createHmac('sha256', bytes).update(text, 'latin1').digest('binary'))
      }
    )
  )
})

test('the digester of secrets agrees with how keys are minted', () => {
  const pepper = createSecretKey(randomBytes(32))
  const { key, digest } = mintApiKey(pepper)
  const secret = parseApiKey(key)?.secret ?? ''
  expect(secretDigester(pepper)(secret)).toBe(digest.toString('latin1'))
  expect(digestSecret(pepper, secret)).toEqual(digest)
})

test('a key longer than a block and a text of another length are refused', () => {
  expect(() => keyedDigest(createSecretKey(randomBytes(65)), 3)).toThrow()
  expect(() => keyedDigest(createSecretKey(randomBytes(32)), 3)('four')).toThrow()
})

test('the key of a digest cannot be printed', () => {
  const bytes = Buffer.from('0123456789abcdef0123456789abcdef')
  const shown = inspect(keyedDigest(createSecretKey(bytes), 3), { showHidden: true, depth: 9 })
  expect(shown).not.toContain('0123')
  expect(shown).not.toContain('30 31 32 33')
})
