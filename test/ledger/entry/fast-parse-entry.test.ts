import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalJson } from '../../../src/ledger/entry/canonical-json.ts'
import {
  type CallFields,
  type ChainedEntry,
  exportLine,
  type OutcomeFields
} from '../../../src/ledger/entry/entry.ts'
import { fastParseExported, fastParseStored } from '../../../src/ledger/entry/fast-parse-entry.ts'
import { assignSequence, pendingCall } from '../../../src/ledger/entry/pending-entry.ts'
import { callEntry, first } from '../../support/fixtures/sample-ledger.ts'
import { propertySeed } from '../../support/scenario/seed.ts'

const seed = propertySeed()
const hash = 'ab'.repeat(32)

/** What entries hold since refusals are explained. */
const newMembers = {
  cause: 'tls_name',
  limit: 'egress_budget',
  reason: 'tenant_disabled',
  upstream_ms: 0,
  upstream_state: 'accepted'
}

function chained(fields: Record<string, unknown>): ChainedEntry {
  return { writer: first, seq: 7, prev: 'cd'.repeat(32), ...fields } as unknown as ChainedEntry
}

test("a call's entries take the fast way, so that verification keeps its speed", () => {
  for (const kind of ['call.intent', 'call.outcome', 'call.rejected'] as const) {
    // With and without what former versions did not record.
    for (const more of [{}, { upstream_state: 'accepted' }, newMembers]) {
      const call = callEntry(kind === 'call.intent' ? kind : 'call.outcome', 1, { kind })
      const entry = chained({ ...call, forwarded: 'yes', upstream_request_id: 'abc', ...more })
      const facts = { writer: first, seq: 7, prev: entry.prev, kind, requestId: entry.request_id, attempt: 1 }
      expect(fastParseStored(canonicalJson(entry))).toEqual(facts)
      expect(fastParseExported(exportLine({ ...entry, hash }))).toEqual({
        facts,
        text: canonicalJson(entry),
        hash
      })
    }
  }
})

test(`the fast way parses like the slow way, or not at all (seed ${seed})`, () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 6 }),
    fc.constantFrom('', '"', '\\', '\u007f', '\u2028', 'é')
  )
  const value = fc.oneof(text, fc.integer({ min: -1 }), fc.double(), fc.constant(null), fc.constant({}))
  const name = fc.constantFrom(
    'at',
    'attempt',
    'cause',
    'client_ip',
    'code',
    'duration_ms',
    'forwarded',
    'kind',
    'limit',
    'prev',
    'reason',
    'request',
    'request_id',
    'seq',
    'status',
    'tenant',
    'upstream_ms',
    'upstream_request_id',
    'upstream_state',
    'writer',
    'zz'
  )
  fc.assert(
    fc.property(fc.dictionary(name, value), changes => {
      const entry = chained({ ...callEntry('call.outcome', 1), ...changes })
      const canonical = canonicalJson(entry)
      const parsed = JSON.parse(canonical) as Record<string, unknown>
      const facts = fastParseStored(canonical)
      const line = fastParseExported(exportLine({ ...entry, hash }))
      if (line) expect(line).toEqual({ facts, text: canonical, hash })
      if (facts)
        expect(facts).toEqual({
          writer: parsed['writer'],
          seq: parsed['seq'],
          prev: parsed['prev'],
          kind: parsed['kind'],
          requestId: parsed['request_id'],
          attempt: parsed['attempt']
        })
    }),
    { seed, numRuns: 2000 }
  )
})

test('every entry of a call is parsed the fast way, whatever its outcome', () => {
  const { at, kind: _kind, ...call } = callEntry('call.intent', 1) as Record<string, unknown>
  const outcome = {
    code: 'upstream_unreachable',
    status: 502,
    forwarded: 'no',
    duration_ms: 12,
    ...newMembers
  }
  const link = ['cd'.repeat(32), 7, first] as const
  for (const ended of [undefined, outcome]) {
    const { text } = pendingCall(String(at), call as CallFields, ended as OutcomeFields | undefined)
    expect(text).toContain(ended ? '"upstream_ms":0' : '"kind":"call.intent"')
    const stored = assignSequence({ text }, ...link)
    expect(stored).toBe(canonicalJson(JSON.parse(stored)))
    expect(fastParseStored(stored)).not.toBeNull()
  }
})

test('text that is not canonical is never parsed the fast way', () => {
  const canonical = canonicalJson(chained(callEntry('call.outcome', 1)))
  const line = exportLine({ ...chained(callEntry('call.outcome', 1)), hash })
  const spoilt: ((text: string) => string)[] = [
    text => text.replace(':', ': '),
    text => ` ${text}`,
    text => `${text}\n`,
    text => text.replace('{', '{"at":"x",'),
    text => text.replace('"seq":7', '"seq":07'),
    text => text.replace('"seq":7', '"seq":7.0'),
    text => text.replace('"seq":7', '"seq":7e0'),
    text => text.replace('accepted', '\\u0061ccepted'),
    text => text.replace('accepted', 'a\tb'),
    text => text.replace(/("code":"accepted"),(.*)("tenant":"globex"),/, '$3,$2$1,')
  ]
  for (const spoil of spoilt) {
    expect(spoil(canonical)).not.toBe(canonical)
    expect(fastParseStored(spoil(canonical))).toBeNull()
    expect(spoil(line) === line ? null : fastParseExported(spoil(line))).toBeNull()
  }
})
