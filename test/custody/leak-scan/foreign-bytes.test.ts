import { describe, expect, test } from 'vitest'
import { beginsEscape, unescaped as unescapedBytes } from '../../../src/custody/leak-scan/unescaped.ts'
import { heldCredentials } from '../../support/fixtures/held-credentials.ts'
import { isLinear } from '../../support/linear.ts'
import { propertySeed } from '../../support/scenario/seed.ts'

const key = 'bd_v2_canary_7Qm2xXo8pLs4vRt6wYz1aBc3dEf5gHj9'
const megabyte = 1024 * 1024
const seed = propertySeed()

/** What a megabyte may be filled with to make a search slow. */
const fillings: Record<string, string> = {
  backslashes: '\\',
  'percent signs': '%',
  'begun references': '&#',
  'begun references in hex': '&#x0',
  'begun escapes': '\\u00',
  'begun escapes in braces': '\\u{0',
  'escapes without their end': '\\u005',
  'whole escapes': '%5f&#95;\\u005f',
  zeros: '&#0000000000000000000000000000000000000000000000',
  'base64 letters': 'QUJDREVGR0hJSktMTU5PUA',
  'hex digits': '0123456789abcdef',
  digits: '0123456789',
  'halves of the key': key.slice(0, key.length / 2),
  'the key without its last character': key.slice(0, -1),
  'the key reversed, without its last character': [...key].reverse().slice(0, -1).join(''),
  'the key in hex, without its last digit': Buffer.from(key).toString('hex').slice(0, -1),
  'the key in base64, without its end': Buffer.from(key).toString('base64').slice(0, -4),
  'one letter': 'b',
  NUL: '\0'
}

/** A megabyte of pieces of the fillings, drawn at random. */
function mixOf(start: number): Buffer {
  const pieces = Object.values(fillings)
  const text: string[] = []
  for (let [length, state] = [0, start]; length < megabyte; ) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    const piece = (pieces[(state >>> 16) % pieces.length] as string).repeat(1 + ((state >>> 8) % 50))
    text.push(piece)
    length += piece.length
  }
  return Buffer.from(text.join('').slice(0, megabyte), 'latin1')
}

describe('the search for keys takes time in proportion to what it searches, whatever that is:', () => {
  const { credentials } = heldCredentials({
    default: [key, `${key}2`],
    other: ['bd_v2_another_key_altogether']
  })
  const texts: [string, Buffer][] = [
    ...Object.entries(fillings).map(([name, filling]): [string, Buffer] => [
      name,
      Buffer.alloc(megabyte, filling, 'latin1')
    ]),
    ...[seed, seed + 1, seed + 2].map((each): [string, Buffer] => [
      `a mix (SCENARIO_SEED=${each})`,
      mixOf(each)
    ])
  ]

  test.each(texts)('in bytes: %s', (_name, text) => {
    expect(isLinear(text, part => credentials.containsKey(part))).toBe(true)
  })

  test.each(texts)('in a text that may be relayed: %s', (_name, text) => {
    const much = text.subarray(0, megabyte / 16)
    expect(isLinear(much, part => credentials.containsKeyPart(part.toString('latin1')))).toBe(true)
  })
})

describe('escapes are read', () => {
  const unescaped = (text: string) => unescapedBytes(Buffer.from(text, 'latin1')).toString('latin1')

  test.each([
    ['a%5Fb%5fc', 'a_b_c'],
    ['a%u005Fb', 'a_b'],
    ['a\\u005fb\\\\u005fc', 'a_b_c'],
    ['a\\u{5f}b\\u{00005F}c', 'a_b_c'],
    ['a\\x5fb', 'a_b'],
    ['a&#95;b&#x5f;c&#0095;d&#X005F;e', 'a_b_c_d_e'],
    ['a&#95b', 'a_b'],
    ['a\\/b\\"c\\\\\\"d', 'a/b"c\\"d'],
    ['a\\\\b\\n', 'a\\b\\n']
  ])('%s as %s', (text, plain) => {
    expect(unescaped(text)).toBe(plain)
  })

  test.each([
    '%',
    '%5',
    '%5g',
    '%u',
    '%u0',
    '%u00',
    '%u005',
    '%u01ff',
    '\\u005',
    '\\u{',
    '\\u{5f',
    '\\u{fff}',
    '\\x5',
    '&#',
    '&#x',
    '&#;',
    '&#x;',
    '&#00;',
    '&#256;',
    '&#x100;',
    '&amp;'
  ])('and %s stays, as it is none, also at the end', text => {
    expect(unescaped(text)).toBe(text)
    expect(unescaped(`${text} and more`)).toBe(`${text} and more`)
  })

  test('and only a text with a byte that begins one is copied to be read', () => {
    const begins = (text: string) => Buffer.from(text).some(byte => beginsEscape[byte] === 1)
    expect(begins('{"status":"queued"}')).toBe(false)
    expect(['a%5fb', 'a\\u005fb', 'a&#95;b'].map(begins)).toEqual([true, true, true])
  })
})
