import { createSecretKey, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { AuthenticationAttempt } from '../../src/identity/authentication-failure.ts'
import { KeyRing, type KnownKey } from '../../src/identity/key-ring.ts'
import { checksum, type MintedKey, mintApiKey } from '../../src/tenants/keys/api-key.ts'

const pepper = createSecretKey(randomBytes(32))
const minted = Array.from({ length: 30 }, () => mintApiKey(pepper))

const known = (id: string): KnownKey => ({ id, expiresAtMs: null, revoked: false })

function found(ring: KeyRing<KnownKey>, key: string) {
  const attempt: AuthenticationAttempt = { requestId: '', failure: null }
  return ring.find(key, attempt)?.id ?? attempt.failure?.reason
}

test('after any additions, replacements and removals a ring finds exactly its keys', () => {
  const change = fc.record({ number: fc.nat({ max: minted.length - 1 }), add: fc.boolean() })
  fc.assert(
    fc.property(fc.array(change, { maxLength: 100 }), changes => {
      const ring = new KeyRing<KnownKey>(pepper, 'cgw')
      const handles = new Map<number, string>()
      for (const { number, add } of changes) {
        const { id, digest } = minted[number] as MintedKey
        if (add) handles.set(number, ring.add(known(id), digest))
        else ring.remove(handles.get(number) ?? '')
        if (!add) handles.delete(number)
      }
      for (const [number, { id, key }] of minted.entries())
        expect(found(ring, key)).toBe(handles.has(number) ? id : 'unknown')
    })
  )
})

test('a ring knows neither the id of one key with the secret of another, nor a key under another pepper', () => {
  const ring = new KeyRing<KnownKey>(pepper, 'cgw')
  const [one, other] = minted as [MintedKey, MintedKey]
  for (const { id, digest } of [one, other]) ring.add(known(id), digest)
  const mixed = one.key.slice(0, 'cgw_'.length + one.id.length + 1) + other.key.slice(-49, -6)
  expect(found(ring, mixed + checksum(mixed))).toBe('unknown')
  expect(found(ring, mintApiKey(createSecretKey(randomBytes(32))).key)).toBe('unknown')
  expect(found(ring, one.key)).toBe(one.id)
})

test('a digest of one kind of key does not admit a key of the other kind', () => {
  const ring = new KeyRing<KnownKey>(pepper, 'cga')
  const { id, key, digest } = mintApiKey(pepper)
  ring.add(known(id), digest)
  expect(found(ring, key)).toBe('malformed')
})

test('neither an id nor a digest is a key', () => {
  const ring = new KeyRing<KnownKey>(pepper, 'cgw')
  const { id, digest } = mintApiKey(pepper)
  const handle = ring.add(known(id), digest)
  for (const text of ['', id, handle, digest.toString('hex')]) expect(found(ring, text)).toBe('malformed')
})
