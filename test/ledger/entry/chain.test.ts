import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalJson } from '../../../src/ledger/entry/canonical-json.ts'
import { Chain, chainHash, genesis } from '../../../src/ledger/entry/chain.ts'
import type { EntryFields } from '../../../src/ledger/entry/entry.ts'
import {
  assignSequence,
  packEntries,
  pendingCall,
  pendingEntry,
  unpackEntries
} from '../../../src/ledger/entry/pending-entry.ts'
import { propertySeed } from '../../support/scenario/seed.ts'

const seed = propertySeed()

describe('canonical JSON', () => {
  // The examples of RFC 8785, 3.2.2 and 3.2.3, and of its appendix B.
  test('writes literals, numbers and strings as the example of RFC 8785 does', () => {
    const example = {
      numbers: JSON.parse('[333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001]'),
      string: '€$\u000f\nA\'B"\\\\"/',
      literals: [null, true, false]
    }
    expect(canonicalJson(example)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )
  })

  test('sorts members by their UTF-16 code units, as the example of RFC 8785 does', () => {
    const example = {
      '€': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\u{1f600}': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      ö: 'Latin Small Letter O With Diaeresis'
    }
    expect(Object.values(JSON.parse(canonicalJson(example)) as object).sort()).toHaveLength(7)
    expect([...canonicalJson(example).matchAll(/:"([^"]+)"/g)].map(([, name]) => name)).toEqual([
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh'
    ])
  })

  test.each([
    [0, '0'],
    [-0, '0'],
    [5e-324, '5e-324'],
    [1.7976931348623157e308, '1.7976931348623157e+308'],
    [9007199254740992, '9007199254740992'],
    [295147905179352830000, '295147905179352830000'],
    [1e21, '1e+21'],
    [9.999999999999997e22, '9.999999999999997e+22'],
    [1e23, '1e+23'],
    [0.000001, '0.000001'],
    [1e-7, '1e-7'],
    [333333333.33333325, '333333333.33333325']
  ])('writes the number %d as RFC 8785 does', (number, text) => {
    expect(canonicalJson(number)).toBe(text)
  })

  test('leaves out absent members and adds no white space', () => {
    expect(canonicalJson({ b: undefined, a: { d: 1, c: [] } })).toBe('{"a":{"c":[],"d":1}}')
  })

  test(`is the same for the same value in any order of members, and reads back as it (seed ${seed})`, () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), value => {
        const text = canonicalJson(value)
        expect(canonicalJson(JSON.parse(text))).toBe(text)
        expect(canonicalJson(reordered(value))).toBe(text)
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)))
      }),
      { seed, numRuns: 300 }
    )
  })
})

function reordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reordered)
  if (typeof value !== 'object' || value === null) return value
  // Not an object literal: a member named __proto__ is a member like any other.
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, member]) => [name, reordered(member)])
  )
}

describe('a chain', () => {
  const fields: EntryFields = { at: '2026-01-01T00:00:00.000Z', kind: 'checkpoint' }

  test('hashes the 64 hex characters of the entry before and the canonical text', () => {
    const chain = Chain.start('w')
    const { text, hash } = chain.append(pendingEntry(fields))
    expect(text).toBe(
      `{"at":"2026-01-01T00:00:00.000Z","kind":"checkpoint","prev":"${genesis}","seq":1,"writer":"w"}`
    )
    expect(hash).toBe(createHash('sha256').update(genesis).update(text).digest('hex'))
  })

  test('a failed transaction leaves no gap: the next entry gets the same number', () => {
    const chain = Chain.start('w')
    chain.append(pendingEntry(fields))
    chain.advance()
    const lost = chain.append(pendingEntry({ ...fields, code: 'accepted' }))
    chain.rewind()
    const kept = chain.append(pendingEntry(fields))
    expect(JSON.parse(kept.text)).toMatchObject({ seq: 2, prev: chain.head.hash })
    expect(kept.hash).not.toBe(lost.hash)
    expect(chain.head.seq).toBe(1)
  })

  test(`any row of commits and failures gives one unbroken chain of what was committed (seed ${seed})`, () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 4 }), fc.boolean())), transactions => {
        const chain = Chain.start('w')
        let prev = genesis
        let seq = 0
        for (const [count, commits] of transactions) {
          const hashed = Array.from({ length: count }, () => chain.append(pendingEntry(fields)))
          if (!commits) {
            chain.rewind()
            continue
          }
          chain.advance()
          for (const { text, hash } of hashed) {
            expect(JSON.parse(text)).toMatchObject({ seq: ++seq, prev })
            expect(hash).toBe(chainHash(prev, text))
            prev = hash
          }
        }
        expect(chain.head).toEqual({ writer: 'w', seq, hash: prev })
      }),
      { seed }
    )
  })
})

describe('a pending entry', () => {
  const members = {
    at: fc.constant('2026-01-01T00:00:00.000Z'),
    kind: fc.constantFrom('call.intent' as const, 'call.outcome' as const, 'call.rejected' as const),
    request_id: fc.string(),
    tenant: fc.string({
      unit: fc.constantFrom('"', '\\', 'a', '"prev":""', '"seq":-1', '"writer":""', 'é', '\n')
    }),
    attempt: fc.integer({ min: 1 }),
    request: fc.constantFrom({}, { date_limit: '2026-01-01' }),
    status: fc.constantFrom(undefined, 200, 503),
    code: fc.constantFrom(undefined, 'accepted' as const, 'outcome_unknown' as const),
    forwarded: fc.constantFrom(undefined, 'yes' as const),
    duration_ms: fc.nat(),
    upstream_request_id: fc.constantFrom(undefined, 'r-1'),
    upstream_state: fc.constantFrom(undefined, 'queued')
  }

  test(`filled in, is the canonical text of the entry with its number, whatever it holds (seed ${seed})`, () => {
    fc.assert(
      fc.property(fc.record(members), fields => {
        const link = { prev: 'ab'.repeat(32), seq: 7, writer: 'w-1' }
        const text = assignSequence(pendingEntry(fields), link.prev, link.seq, link.writer)
        expect(text).toBe(canonicalJson({ ...fields, ...link }))
      }),
      { seed }
    )
  })
})

test(`pending entries arrive on the other thread as they left, whatever they hold (seed ${seed})`, () => {
  const name = fc.stringMatching(/^[0-9a-f-]{1,36} [1-9]$/)
  const text = fc.string().map(value => JSON.stringify({ value }))
  const pending = fc.oneof(
    fc.record({ text }),
    fc.record({ text, opens: name }),
    fc.record({ text, closes: name })
  )
  fc.assert(
    fc.property(fc.array(pending, { minLength: 1 }), entries => {
      expect(unpackEntries(packEntries(entries))).toEqual(entries)
    }),
    { seed }
  )
})

test(`a pending call is the pending entry of the same facts, for intents and outcomes (seed ${seed})`, () => {
  const text = fc.string()
  const call = fc.record({
    request_id: text,
    tenant: text,
    key_id: text,
    connector_id: text,
    operation: text,
    attempt: fc.integer({ min: 1 }),
    client_ip: text,
    request: fc.constantFrom({}, { date_limit: '2026-01-01' }),
    credential: text
  })
  const outcome = fc.record({
    code: fc.constantFrom('accepted' as const, 'upstream_failed' as const, 'client_disconnected' as const),
    status: fc.constantFrom(undefined, 200, 502),
    forwarded: fc.constantFrom('no' as const, 'yes' as const, 'unknown' as const),
    upstream_status: fc.constantFrom(undefined, 200),
    upstream_request_id: fc.constantFrom(undefined, 'r-1'),
    upstream_state: fc.constantFrom(undefined, 'queued'),
    duration_ms: fc.nat()
  })
  const at = '2026-01-01T00:00:00.000Z'
  fc.assert(
    fc.property(call, fc.option(outcome, { nil: undefined }), (facts, end) => {
      const kind = end === undefined ? ('call.intent' as const) : ('call.outcome' as const)
      expect(pendingCall(at, facts, end)).toEqual(pendingEntry({ at, kind, ...facts, ...end }))
    }),
    { seed }
  )
})
