import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { Credentials } from '../../src/custody/credentials.ts'
import { SecretUnavailable } from '../../src/custody/secret-reference.ts'

const key = 'bd_v2_canary_of_credentials'
const open = () => Credentials.open('env:KEY', { KEY: key })

test('a key is seen by a callback alone', () => {
  const credentials = open()
  expect(credentials.use('default', secret => secret === key)).toBe(true)
  expect(credentials.label('default')).toBe('default@1')
})

test('neither printing nor serialising shows a key', () => {
  const credentials = open()
  const shown = [
    JSON.stringify(credentials),
    JSON.stringify({ credentials }),
    inspect(credentials, { depth: 9, showHidden: true }),
    String(credentials),
    Object.keys(credentials).join()
  ].join()
  for (const form of [key, Buffer.from(key).toString('hex'), Buffer.from(key).toString('base64')])
    expect(shown).not.toContain(form)
  expect(() => structuredClone(credentials)).not.toThrow(key)
})

test('a text that holds a key is recognised, and one that holds a part of it is not', () => {
  const credentials = open()
  expect(credentials.revealedBy(`before ${key} after`)).toBe(true)
  expect(credentials.revealedBy(key.slice(1))).toBe(false)
})

test('a key that is missing stops the start', () => {
  expect(() => Credentials.open('env:ABSENT', {})).toThrow(SecretUnavailable)
})

test('a credential that is unknown is our fault, and names no key', () => {
  expect(() => open().use('other', () => 0)).toThrow('there is no credential other')
})
