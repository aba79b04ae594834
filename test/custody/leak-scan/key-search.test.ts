import { randomBytes, randomUUID } from 'node:crypto'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { uuidv7 } from '../../../src/base/uuid.ts'
import type { KeyHandle } from '../../../src/custody/key-handle.ts'
import { KeyMaterial } from '../../../src/custody/key-material.ts'
import { canaryDisguises, canaryForms, canaryParts } from '../../support/checker/canary.ts'
import { heldCredentials, heldVersion, materialOf } from '../../support/fixtures/held-credentials.ts'
import { propertySeed } from '../../support/scenario/seed.ts'

const key = 'bd_v2_canary_7Qm2xXo8pLs4vRt6wYz1aBc3dEf5gHj9'
const search = KeyMaterial.searchFor([materialOf('bd_v2_another_key_altogether'), materialOf(key)])
const seed = propertySeed()

/** As many characters in a row of a text as make a part, wherever they stand. */
const windows = (text: string) => Array.from({ length: text.length - 7 }, (_, at) => text.slice(at, at + 8))

describe('eight characters in a row of a key are found in a text', () => {
  const forms = new Map([...canaryForms(key), ...canaryDisguises(key), ...canaryParts(key)])
  forms.delete('UTF-16')

  test.each([...forms])('in the form: %s', (_form, bytes) => {
    expect(search.partIn(`id-${bytes.toString('latin1')}`)).toBeGreaterThanOrEqual(16)
  })

  test.each([...forms].map(([form, bytes]): [string, string] => [form, bytes.toString('latin1')]))(
    'wherever they are cut out of the form: %s',
    (_form, text) => {
      const signs = text.replaceAll(/0x|[0-9A-Za-z]/g, '').length + 2 * (text.split('0x').length - 1)
      // Where signs separate them, so many more belong to eight.
      const length = Math.max(8, Math.ceil((text.length / (text.length - signs)) * 8) + 8)
      // What all keys begin with is no part: in no form is it longer than this.
      for (let at = 24; at + length <= text.length - 24; at++)
        expect(search.partIn(text.slice(at, at + length)), text.slice(at, at + length)).toBeGreaterThan(0)
    }
  )

  test.each<[string, (text: string) => string]>([
    ['escaped as in URLs', text => text.replaceAll(/./g, each => `%${hexOf(each)}`)],
    ['escaped as in JSON', text => text.replaceAll(/./g, each => `\\u00${hexOf(each)}`)],
    ['escaped as in HTML', text => text.replaceAll(/./g, each => `&#${each.charCodeAt(0)};`)],
    ['escaped in part', text => text.replace(/[a-z]/g, each => `\\x${hexOf(each)}`)],
    ['escaped, with the escaping sign lost', text => text.replaceAll(/./g, each => `u00${hexOf(each)}`)],
    ['as bytes of C', text => text.replaceAll(/./g, each => `0x${hexOf(each)}, `)],
    ['in capitals', text => text.toUpperCase()]
  ])('when they are %s', (_name, disguise) => {
    for (const part of windows(key.slice(6))) expect(search.partIn(disguise(part)), part).toBeGreaterThan(0)
  })

  test('with signs between them, which do not count', () => {
    for (const part of windows(key.slice(6)).filter(part => !part.includes('_'))) {
      expect(search.partIn([...part].join('.')), part).toBeGreaterThan(0)
      expect(search.partIn(part.replaceAll(/.../g, '$&-')), part).toBeGreaterThan(0)
    }
  })

  test('and counted', () => {
    for (let length = 8; length < key.length; length++)
      expect(search.partIn(`\n${key.slice(-length)}`)).toBe(length)
    expect(search.partIn(key.slice(-7))).toBe(0)
    expect(search.partIn(`x${key}x`)).toBe(Number.POSITIVE_INFINITY)
  })

  test('but the prefix that all keys share is no part of one', () => {
    for (const form of ['bd_v2_', 'BD-V2-', 'x.bd.v2.x', Buffer.from('bd_v2_').toString('base64')])
      expect(search.partIn(form), form).toBe(0)
    expect(search.partIn(Buffer.from('bd_v2_').toString('hex'))).toBe(0)
  })

  test('a key of fewer than eight characters is found whole', () => {
    const short = materialOf('aB3-x').search
    expect(short.partIn('id-ab3_x')).toBe(Number.POSITIVE_INFINITY)
    expect(short.partIn('id-ab3_')).toBe(0)
  })
})

describe('ordinary ids share nothing with a key', () => {
  const hex = (length: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`))
  const letters = (length: number) => fc.stringMatching(new RegExp(`^[0-9A-Za-z]{${length}}$`))
  const arbitraries: Record<string, fc.Arbitrary<string>> = {
    'a UUID': fc.uuid(),
    'a trace id': hex(32),
    'an id of letters and digits': letters(26),
    'an id in base64url': fc
      .uint8Array({ minLength: 16, maxLength: 16 })
      .map(bytes => Buffer.from(bytes).toString('base64url')),
    'a time and a number': fc.tuple(fc.nat(), fc.nat()).map(([at, number]) => `req-${at}.${number}`),
    'the name of an error': fc.constantFrom('InternalServerError', 'date_limit_required', 'ConnectorNotFound')
  }

  // A form of a key may hold eight characters of a random id by chance; so seldom that four of a thousand never do.
  test.each(Object.entries(arbitraries))(`%s (SCENARIO_SEED=${seed})`, (_name, arbitrary) => {
    const ids = fc.sample(arbitrary, { seed, numRuns: 1000 })
    expect(ids.filter(id => search.partIn(id) > 0).length).toBeLessThan(4)
  })

  test('a UUID of the time and of chance', () => {
    const ids = Array.from({ length: 1000 }, (_, index) => (index % 2 ? uuidv7() : randomUUID()))
    expect(ids.filter(id => search.partIn(id) > 0).length).toBeLessThan(4)
  })
})

describe('a key search', () => {
  test('shows no key when it is printed', () => {
    const shown = inspect(search, { depth: 9, showHidden: true, getters: true }) + JSON.stringify(search)
    expect(shown).toBe('KeySearch"keys"')
    expect(Object.keys(search)).toEqual([])
  })

  test('finds nothing after it is erased', () => {
    const erased = KeyMaterial.searchFor([materialOf(key)])
    erased.erase()
    expect(erased.isIn(Buffer.from(key))).toBe(false)
    expect(erased.partIn(key)).toBe(0)
  })

  test('finds the keys of all credentials: active, on standby, and replaced under a call until that is over', () => {
    const secrets = Array.from({ length: 4 }, () => `bd_v2_${randomBytes(24).toString('base64url')}`)
    const [active = '', standby = '', other = '', next = ''] = secrets
    const { credentials } = heldCredentials({ default: [active, standby], other: [other] })
    const isKnown = (secret: string) => {
      expect(credentials.containsKey(Buffer.from(secret))).toBe(
        credentials.containsKeyPart(secret.slice(10, 22)) >= 12
      )
      return credentials.containsKey(Buffer.from(secret))
    }
    expect(secrets.map(isKnown)).toEqual([true, true, true, false])
    const handle = credentials.acquire('default') as KeyHandle
    credentials.replace('default', { active: heldVersion(3, next), standby: null, standbyUntilMs: 0 })
    expect(secrets.map(isKnown)).toEqual([true, false, true, true])
    handle.release()
    expect(secrets.map(isKnown)).toEqual([false, false, true, true])
    credentials.clear()
    expect(secrets.map(isKnown)).toEqual([false, false, false, false])
  })
})

function hexOf(character: string): string {
  return character.charCodeAt(0).toString(16).padStart(2, '0')
}
