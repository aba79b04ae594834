import { expect, test } from 'vitest'
import type { EntryFields } from '../../../src/ledger/entry/entry.ts'
import { callEntry, first, RowsBuilder, requestId, second } from '../fixtures/sample-ledger.ts'
import { canaryDisguises, canaryForms, canaryParts } from './canary.ts'
import { type CheckOptions, check, type Histories } from './checker.ts'
import type { ClientAnswer, UpstreamRequest, Violation } from './histories.ts'

const connector = '019a9612-bfad-758c-884e-37dd8c6ad2cb'
const canary = 'bd_v2_Canary+Key/0123456789'

function at(call: number, plusMs = 0): number {
  return Date.UTC(2026, 10, 24, 6, 0, call) + plusMs
}

function received(call: number, more: Partial<UpstreamRequest> = {}): UpstreamRequest {
  return {
    receivedAtMs: at(call, 2),
    receivedAtNs: BigInt(at(call, 2)),
    method: 'POST',
    path: `/contents/v1/connectors/${connector}/sync`,
    headers: [
      ['x-api-key', canary],
      ['x-request-id', requestId(call)]
    ],
    body: call % 2 === 0 ? '{}' : '{"date_limit":"2026-01-01"}',
    answered: 200,
    ...more
  }
}

function accepted(call: number, more: Partial<ClientAnswer> = {}): ClientAnswer {
  return {
    status: 200,
    headers: [
      ['Content-Type', 'application/json; charset=utf-8'],
      ['X-Request-Id', requestId(call)]
    ],
    body: JSON.stringify({ connector_id: connector, status: 'accepted' }),
    connectorId: connector.toUpperCase(),
    firstByteAtMs: at(call, 5),
    ...more
  }
}

function problem(
  call: number,
  members: Record<string, unknown> = {},
  more: Partial<ClientAnswer> = {}
): ClientAnswer {
  const body = {
    type: '/problems/upstream_failed',
    title: 'Upstream failed',
    status: 502,
    detail: 'The upstream failed.',
    code: 'upstream_failed',
    action: 'Try again later.',
    request_id: requestId(call),
    retryable: true,
    forwarded: 'yes',
    upstream: { status: 500 },
    ...members
  }
  return {
    status: Number(body.status),
    headers: [
      ['content-type', 'application/problem+json'],
      ['x-request-id', requestId(call)],
      ...('retry_after' in members ? [['retry-after', String(members['retry_after'])] as const] : [])
    ],
    body: JSON.stringify(body),
    connectorId: connector,
    ...more
  }
}

function ledgerOf(...entries: EntryFields[]): RowsBuilder {
  const rows = new RowsBuilder().open(first)
  for (const entry of entries) rows.add(first, entry)
  return rows
}

function linesOf(rows: RowsBuilder): string[] {
  return rows.rows.map(({ entry, hash }) => JSON.stringify({ ...(JSON.parse(entry) as object), hash }))
}

const failed: Partial<EntryFields> = { status: 502, code: 'upstream_failed', upstream_status: 500 }
const goodRows = ledgerOf(
  callEntry('call.intent', 1),
  callEntry('call.outcome', 1),
  callEntry('call.intent', 2),
  callEntry('call.outcome', 2, failed)
)
const good = {
  upstream: [received(1), received(2, { answered: 500 })],
  clients: [accepted(1), problem(2)],
  ledger: linesOf(goodRows)
} satisfies Histories

function found(change: Partial<Histories>, options: CheckOptions = {}): string[] {
  const violations = check({ ...good, ...change }, options)
  return [...new Set(violations.map(({ invariant }: Violation) => invariant))].sort()
}

function withLedger(...entries: EntryFields[]): Partial<Histories> {
  return { ledger: linesOf(ledgerOf(...entries)) }
}

test('histories in order have no violation', () => {
  expect(check(good, { canary, heads: goodRows.heads })).toEqual([])
})

test('a crash that left a call unknown, and was recovered, is in order', () => {
  const rows = ledgerOf(callEntry('call.intent', 1))
  const [head] = rows.heads
  rows.open(second)
  rows.add(second, {
    at: new Date(at(9)).toISOString(),
    kind: 'writer.recovered',
    recovered: first,
    head,
    open_calls: 1
  })
  rows.add(
    second,
    callEntry('call.outcome', 1, { at: new Date(at(9)).toISOString(), code: 'outcome_unknown' })
  )
  const cut: ClientAnswer = { headers: [], body: '', error: 'ECONNRESET', requestId: requestId(1) }
  expect(check({ upstream: [received(1)], clients: [cut], ledger: linesOf(rows) })).toEqual([])
})

test('a call that is sent again after a refusal, with an intent of its own, is in order', () => {
  const rows = ledgerOf(
    callEntry('call.intent', 1),
    callEntry('call.outcome', 1, { status: 503, code: 'upstream_busy', upstream_status: 429 }),
    callEntry('call.intent', 1, { attempt: 2 }),
    callEntry('call.outcome', 1, { attempt: 2 })
  )
  const upstream = [received(1, { answered: 429 }), received(1, { receivedAtMs: at(1, 4) })]
  expect(check({ upstream, clients: [accepted(1)], ledger: linesOf(rows) })).toEqual([])
})

test.each<[string, Partial<Histories>, CheckOptions?]>([
  ['a request without an intent', { upstream: [...good.upstream, received(3)] }],
  ['a request without an id', { upstream: [...good.upstream, received(1, { headers: [] })] }],
  [
    'an intent that is younger than the request',
    { upstream: [received(1, { receivedAtMs: at(1, -1) }), received(2)] }
  ],
  [
    'an intent of another connector',
    { upstream: [received(1, { path: `/contents/v1/connectors/${first}/sync` })] }
  ],
  ['an intent of another date', { upstream: [received(1, { body: '{"date_limit":"2025-01-01"}' })] }],
  [
    'an intent that was durable too late',
    {},
    { durable: [{ requestId: requestId(1), durableAtNs: BigInt(at(1, 3)) }] }
  ]
])('I1: %s is found', (_what, change, options) => {
  expect(found(change, options)).toEqual(['I1'])
})

test.each<[string, Partial<Histories>]>([
  ['an answer that the ledger tells otherwise', { clients: [problem(1)] }],
  ['a status that the ledger tells otherwise', { clients: [problem(2, {}, { status: 503 })] }],
  [
    'an upstream status that the ledger tells otherwise',
    { clients: [problem(2, { upstream: { status: 502 } })] }
  ],
  ['an answer about another connector', { clients: [accepted(1, { connectorId: first })] }],
  ['an outcome that is younger than the answer', { clients: [accepted(1, { firstByteAtMs: at(1, -5) })] }],
  ['"nothing was sent" about a call that was sent', { clients: [problem(2, { forwarded: 'no' })] }],
  ['a result of a call that the ledger never saw', { clients: [accepted(7)] }],
  ['an outcome without an intent', withLedger(callEntry('call.outcome', 5))],
  ['an outcome before its intent', withLedger(callEntry('call.outcome', 5), callEntry('call.intent', 5))],
  [
    'two outcomes',
    withLedger(callEntry('call.intent', 5), callEntry('call.outcome', 5), callEntry('call.outcome', 5))
  ]
])('I2: %s is found', (_what, change) => {
  const only = change.ledger ? { upstream: [], clients: [], ...change } : change
  expect(found(only)).toContain('I2')
})

test('I3: an intent that stays open is found, but not while the gateway runs', () => {
  const open = { upstream: [], clients: [], ...withLedger(callEntry('call.intent', 5)) }
  expect(found(open)).toEqual(['I3'])
  expect(found(open, { running: true })).toEqual([])
})

test('I3: a call sent after it was given up, and one given up by its own writer, are found', () => {
  const rows = ledgerOf(callEntry('call.intent', 1)).open(second)
  rows.add(second, callEntry('call.outcome', 1, { code: 'outcome_unknown' }))
  const late = { upstream: [received(1, { receivedAtMs: at(1, 100) })], clients: [], ledger: linesOf(rows) }
  expect(found(late)).toEqual(['I3'])
  const own = withLedger(
    callEntry('call.intent', 1),
    callEntry('call.outcome', 1, { code: 'outcome_unknown' })
  )
  expect(found({ upstream: [], clients: [], ...own })).toEqual(['I3'])
})

test.each<[string, (lines: readonly string[]) => string[]]>([
  ['an edit', lines => lines.map(line => line.replace('"acme"', '"acne"'))],
  ['a gap', lines => lines.toSpliced(2, 1)],
  ['a missing first entry', lines => lines.slice(1)],
  ['a wrong order', lines => [lines[0] ?? '', lines[2] ?? '', lines[1] ?? '', ...lines.slice(3)]],
  ['a second copy', lines => [...lines, lines.at(-1) ?? '']],
  ['a cut tail', lines => lines.slice(0, -1)],
  ['a line that is no entry', lines => [...lines, 'x']]
])('I4: %s is found', (_what, tamper) => {
  expect(found({ ledger: tamper(good.ledger) }, { heads: goodRows.heads })).toContain('I4')
})

test('I4: a tail cut before another writer opened is found without known heads', () => {
  const rows = ledgerOf(callEntry('call.intent', 1), callEntry('call.outcome', 1)).open(second)
  const lines = linesOf(rows)
  expect(found({ upstream: [], clients: [], ledger: lines })).toEqual([])
  expect(found({ upstream: [], clients: [], ledger: lines.toSpliced(2, 1) })).toContain('I4')
})

const html: ClientAnswer['headers'] = [
  ['content-type', 'text/html'],
  ['x-request-id', requestId(2)]
]

test.each<[string, ClientAnswer]>([
  ['a page', { ...problem(2), headers: html, body: '<html></html>' }],
  ['an empty body', problem(2, {}, { body: '' })],
  ['a wrong content type', problem(2, {}, { headers: html })],
  [
    'no request id',
    problem(2, {}, { headers: [['content-type', 'application/problem+json']], requestId: requestId(2) })
  ],
  ['another request id', problem(2, { request_id: 'x' })],
  ['another status than in the status line', problem(2, {}, { status: 500 })],
  ['a code with a wrong status', problem(2, { status: 503 })],
  ['an unknown code', problem(2, { code: 'oops', type: '/problems/oops' })],
  ['a code that every object has', problem(2, { code: 'constructor', type: '/problems/constructor' })],
  ['another type', problem(2, { type: 'about:blank' })],
  ['a member too many', problem(2, { stack: 'at x' })],
  ['a member too few', problem(2, { title: undefined })],
  ['a member of the wrong kind', problem(2, { retryable: 'yes' })],
  ['an unknown fate called retryable', problem(2, { forwarded: 'unknown' })],
  ['errors of another shape', problem(2, { errors: [{ pointer: '/x' }] })],
  ['no errors in errors', problem(2, { errors: [] })],
  ['upstream text', problem(2, { upstream: { status: 500, message: 'boom' } })],
  ['retry_after that is not in the headers', problem(2, { retry_after: 3 }, { headers: problem(2).headers })],
  ['a fraction of a second', problem(2, { retry_after: 0.5 })],
  [
    'a limit without Retry-After',
    problem(2, { status: 429, code: 'rate_limited', type: '/problems/rate_limited', forwarded: 'no' })
  ],
  [
    'a refusal without WWW-Authenticate',
    problem(2, { status: 401, code: 'credentials_invalid', type: '/problems/credentials_invalid' })
  ],
  [
    'a redirect',
    {
      status: 302,
      headers: [
        ['location', '/'],
        ['x-request-id', requestId(2)]
      ],
      body: ''
    }
  ],
  [
    'a success with a member too many',
    accepted(1, { body: JSON.stringify({ connector_id: connector, status: 'accepted', user_id: 'x' }) })
  ],
  ['a success with a member too few', accepted(1, { body: JSON.stringify({ connector_id: connector }) })],
  ['a success that is no JSON', accepted(1, { body: 'ok' })],
  [
    'a success without a request id',
    accepted(1, { headers: [['content-type', 'application/json']], requestId: requestId(1) })
  ],
  ['a success of another status', accepted(1, { status: 202 })],
  ['a success of a route without documents', accepted(1, { path: '/secret' })]
])('I6: %s is found', (_what, answer) => {
  expect(found({ clients: [answer] })).toContain('I6')
})

test('I6: problems with every optional member, health answers and documented pages are in order', () => {
  const busy = problem(
    2,
    {
      status: 503,
      code: 'upstream_busy',
      type: '/problems/upstream_busy',
      retry_after: 3,
      upstream: { status: 429, code: 'X', request_id: 'y' },
      errors: [{ pointer: '', detail: 'x' }]
    },
    { path: '/other' }
  )
  const health = accepted(8, { path: '/readyz?x', body: '{"status":"ok"}' })
  const page = accepted(9, { path: '/problems', body: '<html>' })
  expect(
    found({ clients: [busy, health, page] }, { isDocumented: answer => answer.path === '/problems' })
  ).toEqual([])
})

test('I7: the key is found in every form, at every place, in text and in bytes', () => {
  const forms = [...canaryForms(canary), ...canaryDisguises(canary), ...canaryParts(canary)]
  for (const [form, needle] of forms) {
    const content = Buffer.concat([Buffer.from('é before '), needle, Buffer.from(' after')])
    expect([form, found({}, { canary, sinks: [{ name: 'a log', content }] })]).toEqual([form, ['I7']])
  }
  for (const before of ['', 'x', 'xy', 'xyz']) {
    const encoded = Buffer.from(`${before}${canary}${before}`).toString('base64')
    for (const content of [encoded, encoded.replaceAll('+', '-').replaceAll('/', '_')])
      expect(found({}, { canary, sinks: [{ name: 'a log', content }] })).toEqual(['I7'])
  }
  expect(found({}, { canary, sinks: [{ name: 'a log', content: canary.slice(0, 8) }] })).toEqual([])
})

test('I7: the key is found in the three histories too', () => {
  const leaked = [...received(1).headers, ['cookie', canary]] as const
  expect(found({ upstream: [received(1, { headers: leaked }), received(2)] }, { canary })).toEqual(['I7'])
  expect(
    found({ clients: [accepted(1, { headers: [...accepted(1).headers, ['x', canary]] })] }, { canary })
  ).toEqual(['I7'])
  const entry = callEntry('call.outcome', 1, { upstream_request_id: canary })
  expect(
    found({ ...withLedger(callEntry('call.intent', 1), entry), upstream: [], clients: [] }, { canary })
  ).toEqual(['I7'])
})

test.each<[string, number | null | undefined]>([
  ['an answer that accepted it', 200],
  ['an answer that failed', 500],
  ['no whole answer', null],
  ['an answer nobody knows', undefined]
])('I8: a second request after %s is found', (_what, answered) => {
  const rows = ledgerOf(
    callEntry('call.intent', 1),
    callEntry('call.outcome', 1),
    callEntry('call.intent', 1, { attempt: 2 }),
    callEntry('call.outcome', 1, { attempt: 2 })
  )
  const { answered: _, ...unanswered } = received(1)
  const once = answered === undefined ? unanswered : { ...unanswered, answered }
  const upstream = [received(1, { receivedAtMs: at(1, 9) }), once]
  expect(found({ upstream, clients: [], ledger: linesOf(rows) })).toEqual(['I8'])
})
