import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Head } from '../../../src/ledger/entry/chain.ts'
import { parseStored } from '../../../src/ledger/entry/parse-entry.ts'
import { readWriters } from '../../../src/ledger/query/chain-heads.ts'
import { exportedLines } from '../../../src/ledger/query/export.ts'
import { readStore } from '../../../src/ledger/query/read-store.ts'
import { exportedEntries } from '../../../src/ledger/verify/exported-entries.ts'
import type { FindingKind } from '../../../src/ledger/verify/finding.ts'
import { type Verification, verifyLedger } from '../../../src/ledger/verify/verify.ts'
import { test } from '../../support/fixtures/ledger-test.ts'
import {
  callEntry,
  edited,
  first,
  forged,
  members,
  type Row,
  RowsBuilder,
  sampleLedger,
  second,
  storeWith
} from '../../support/fixtures/sample-ledger.ts'

type Finding = { kind: FindingKind; writer: string | null; seq: number | null }

/** Verifies the rows in a store and in a file exported from it, which must agree. */
async function verifyRows(rows: readonly Row[], heads: readonly Head[] = []): Promise<Verification> {
  const { store, folder, close } = await storeWith(rows)
  try {
    const file = join(folder, 'export.ndjson')
    writeFileSync(file, [...exportedLines(store.raw)].join(''))
    const ofStore = await verifyLedger(readStore(store.raw), { heads })
    const ofFile = await verifyLedger(exportedEntries(file), { heads })
    const findings = (found: Verification) => found.faults.map(({ place: _, ...fault }) => fault)
    expect(findings(ofFile)).toEqual(findings(ofStore))
    expect({ ...ofFile, faults: [] }).toEqual({ ...ofStore, faults: [] })
    return ofStore
  } finally {
    close()
  }
}

/** Verifies texts that the table itself would refuse. */
async function verifyTexts(rows: readonly Row[]): Promise<Verification> {
  return await verifyLedger([
    rows.map(({ entry, hash }, index) => parseStored(`entry ${index + 1}`, entry, hash))
  ])
}

/** Rows are counted from 1, as SQLite does. */
function change(rows: readonly Row[], number: number, by: (row: Row) => Row): Row[] {
  return rows.map((row, index) => (index + 1 === number ? by(row) : row))
}

function without(rows: readonly Row[], ...numbers: number[]): Row[] {
  return rows.filter((_, index) => !numbers.includes(index + 1))
}

function moved(rows: readonly Row[], from: number, to: number): Row[] {
  const [row] = rows.slice(from - 1)
  const rest = without(rows, from)
  return row ? rest.toSpliced(to - 1, 0, row) : rest
}

function swapped(rows: readonly Row[], one: number, other: number): Row[] {
  return rows.map(
    (row, index) => rows[index + 1 === one ? other - 1 : index + 1 === other ? one - 1 : index] ?? row
  )
}

function inserted(rows: readonly Row[], before: number, row: Row | undefined): Row[] {
  return row ? rows.toSpliced(before - 1, 0, row) : [...rows]
}

const sample = sampleLedger()
/** Row 6 is entry 4 of the first writer (the intent of call 3), row 7 its outcome, entry 5. */
const intent = sample.rows[5]

const editedMembers = [
  ...Object.keys(members(sample.rows[6])).filter(name => !['writer', 'seq', 'kind'].includes(name)),
  'a_new_member'
]

const tamperings: readonly [what: string, tamper: (rows: readonly Row[]) => Row[], found: Finding][] = [
  ...editedMembers.map((name): (typeof tamperings)[number] => [
    `the member ${name} edited`,
    rows => change(rows, 7, row => edited(row, { [name]: name === 'prev' ? 'f'.repeat(64) : 7 })),
    { kind: 'edited', writer: first, seq: 5 }
  ]),
  [
    'the kind edited',
    rows => change(rows, 7, row => edited(row, { kind: 'call.intent' })),
    { kind: 'edited', writer: first, seq: 5 }
  ],
  [
    'a member removed',
    rows => change(rows, 7, row => edited(row, { status: undefined })),
    { kind: 'edited', writer: first, seq: 5 }
  ],
  [
    'the number edited',
    rows => change(rows, 7, row => edited(row, { seq: 70 })),
    { kind: 'edited', writer: first, seq: 5 }
  ],
  [
    'the writer edited to another',
    rows => change(rows, 7, row => edited(row, { writer: second })),
    { kind: 'edited', writer: first, seq: 5 }
  ],
  [
    'the writer edited to a made-up one',
    rows => change(rows, 7, row => edited(row, { writer: 'nobody' })),
    { kind: 'edited', writer: first, seq: 5 }
  ],
  [
    'the hash edited',
    rows => change(rows, 7, row => ({ ...row, hash: 'ab'.repeat(32) })),
    { kind: 'edited', writer: first, seq: 5 }
  ],
  [
    'the hash cut short',
    rows => change(rows, 7, row => ({ ...row, hash: row.hash.slice(2) })),
    { kind: 'edited', writer: first, seq: 5 }
  ],
  [
    'the last hash edited',
    rows => change(rows, 14, row => ({ ...row, hash: 'ab'.repeat(32) })),
    { kind: 'edited', writer: second, seq: 7 }
  ],
  [
    'an entry edited and rehashed',
    rows => change(rows, 7, row => forged(row, { code: 'upstream_failed' })),
    { kind: 'edited', writer: first, seq: 5 }
  ],
  [
    'an entry edited and rehashed, the last but one',
    rows => change(rows, 10, row => forged(row, { tenant: 'x' })),
    { kind: 'edited', writer: first, seq: 6 }
  ],
  [
    'an entry tied to a made-up one before it and rehashed',
    rows => change(rows, 7, row => forged(row, { prev: 'f'.repeat(64) })),
    { kind: 'edited', writer: first, seq: 5 }
  ],
  [
    'the last entry edited and rehashed',
    rows => change(rows, 14, row => forged(row, { code: 'upstream_failed' })),
    { kind: 'edited', writer: second, seq: 7 }
  ],
  [
    'the first entry edited',
    rows => change(rows, 1, row => edited(row, { pid: 2 })),
    { kind: 'edited', writer: first, seq: 1 }
  ],
  [
    'the first entry edited and rehashed',
    rows => change(rows, 1, row => forged(row, { pid: 2 })),
    { kind: 'edited', writer: first, seq: 1 }
  ],
  [
    'the text replaced by that of its neighbour',
    rows => change(rows, 7, row => ({ ...row, entry: intent?.entry ?? '' })),
    { kind: 'edited', writer: first, seq: 5 }
  ],
  ['the first entry deleted', rows => without(rows, 1), { kind: 'missing', writer: first, seq: 1 }],
  ['an entry in the middle deleted', rows => without(rows, 7), { kind: 'missing', writer: first, seq: 5 }],
  [
    'three entries in the middle deleted',
    rows => without(rows, 3, 6, 7),
    { kind: 'missing', writer: first, seq: 3 }
  ],
  [
    'an entry deleted and its follower given its number',
    rows => change(without(rows, 6), 6, row => forged(row, { seq: 4 })),
    { kind: 'edited', writer: first, seq: 4 }
  ],
  ['the last entry deleted', rows => without(rows, 14), { kind: 'cut_tail', writer: second, seq: 7 }],
  [
    'the tail of one chain cut',
    rows => without(rows, 7, 10, 11),
    { kind: 'cut_tail', writer: first, seq: 5 }
  ],
  [
    'the tail of the whole ledger cut',
    rows => rows.slice(0, 11),
    { kind: 'cut_tail', writer: second, seq: 5 }
  ],
  ['two neighbours swapped', rows => swapped(rows, 6, 7), { kind: 'reordered', writer: first, seq: 4 }],
  ['two distant entries swapped', rows => swapped(rows, 3, 10), { kind: 'reordered', writer: first, seq: 3 }],
  ['an entry moved to the end', rows => moved(rows, 6, 14), { kind: 'reordered', writer: first, seq: 4 }],
  ['an entry moved forward', rows => moved(rows, 10, 3), { kind: 'reordered', writer: first, seq: 3 }],
  [
    'an opening moved before the entry that it follows',
    rows => moved(rows, 4, 3),
    { kind: 'reordered', writer: first, seq: 3 }
  ],
  [
    'the last entry duplicated',
    rows => inserted(rows, 15, rows[13]),
    { kind: 'duplicated', writer: second, seq: 7 }
  ],
  [
    'an entry duplicated beside itself',
    rows => inserted(rows, 8, rows[6]),
    { kind: 'duplicated', writer: first, seq: 5 }
  ],
  [
    'an entry duplicated far away',
    rows => inserted(rows, 14, rows[2]),
    { kind: 'duplicated', writer: first, seq: 3 }
  ],
  [
    'the first entry duplicated at the end',
    rows => inserted(rows, 15, rows[0]),
    { kind: 'duplicated', writer: first, seq: 1 }
  ],
  [
    'a forged entry inserted before the one whose number it takes',
    rows => inserted(rows, 7, forged(rows[6], { code: 'upstream_failed' })),
    { kind: 'foreign', writer: first, seq: 5 }
  ],
  [
    'a forged entry inserted after the one whose number it takes',
    rows => inserted(rows, 8, forged(rows[6], { code: 'upstream_failed' })),
    { kind: 'foreign', writer: first, seq: 5 }
  ],
  [
    'a forged entry inserted with a made-up position',
    rows => inserted(rows, 7, forged(rows[6], { prev: 'e'.repeat(64) })),
    { kind: 'foreign', writer: first, seq: 5 }
  ],
  [
    'an entry moved to the other writer and rehashed',
    rows => {
      const { seq, hash } = { seq: 3, hash: rows[7]?.hash }
      return [
        ...without(rows, 7).slice(0, 7),
        forged(rows[6], { writer: second, seq: seq + 1, prev: hash }),
        ...rows.slice(8)
      ]
    },
    { kind: 'foreign', writer: second, seq: 4 }
  ],
  [
    'a chain of a made-up writer that says the ledger was empty',
    rows => [...rows, ...new RowsBuilder().open('nobody').rows],
    { kind: 'foreign', writer: 'nobody', seq: 1 }
  ],
  [
    'a chain of a made-up writer that begins with a call',
    rows => [...rows, forged(rows[1], { writer: 'nobody', seq: 1, prev: '0'.repeat(64) })],
    { kind: 'foreign', writer: 'nobody', seq: 1 }
  ],
  [
    'the first writer dropped whole',
    rows => rows.filter(row => members(row)['writer'] !== first),
    { kind: 'missing', writer: first, seq: 1 }
  ],
  [
    'the second writer dropped whole',
    rows => rows.filter(row => members(row)['writer'] !== second),
    { kind: 'missing', writer: second, seq: 1 }
  ],
  ['everything deleted', () => [], { kind: 'missing', writer: first, seq: 1 }]
]

test('an untouched ledger verifies, with its entries, writers and heads', async () => {
  const found = await verifyRows(sample.rows, sample.heads)
  expect(found).toEqual({
    entries: 14,
    writers: 2,
    openCalls: 0,
    signatures: 0,
    signedUntil: null,
    headsBeforeCut: 0,
    heads: sample.heads,
    faults: []
  })
})

test('a ledger that grew since its heads were noted verifies', async () => {
  const heads = sampleLedger().heads
  const grown = sampleLedger().call(first, 20).call(second, 21)
  expect((await verifyRows(grown.rows, heads)).faults).toEqual([])
})

test('an empty ledger verifies', async () => {
  expect(await verifyRows([])).toMatchObject({ entries: 0, writers: 0, openCalls: 0, heads: [], faults: [] })
})

test('calls in flight are no finding', async () => {
  const found = await verifyRows(sampleLedger().add(first, callEntry('call.intent', 30)).rows)
  expect(found).toMatchObject({ openCalls: 1, faults: [] })
})

test.each(tamperings)('%s: verification names the entry', async (_what, tamper, wanted) => {
  const { faults } = await verifyRows(tamper(sample.rows), sample.heads)
  expect(faults[0]).toMatchObject(wanted)
})

const needsHeads = /^(the (last|tail of the whole|second writer)|everything|the tail of one)/

test.each(tamperings.filter(([what]) => !needsHeads.test(what)))(
  '%s: verification names the entry without known heads too',
  async (_what, tamper, wanted) => {
    const { faults } = await verifyRows(tamper(sample.rows))
    expect(faults[0]).toMatchObject(wanted)
  }
)

test('a tail cut before another writer opened is found without known heads', async () => {
  const { faults } = await verifyRows(without(sample.rows, 3, 6, 7, 10, 11))
  expect(faults).toMatchObject([{ kind: 'cut_tail', writer: first, seq: 3 }])
})

test('the tail of a dead writer, noted by its recovery, is found without known heads', async () => {
  const rows = new RowsBuilder().open(first).call(first, 1).add(first, callEntry('call.intent', 2))
  const { seq, hash } = rows.heads[0] ?? { seq: 0, hash: '' }
  rows.open(second)
  rows.add(second, {
    at: '2026-11-24T07:00:00.000Z',
    kind: 'writer.recovered',
    recovered: first,
    head: { seq, hash },
    open_calls: 1
  })
  rows.add(second, callEntry('call.outcome', 2, { code: 'outcome_unknown' }))
  expect(await verifyRows(rows.rows)).toMatchObject({ openCalls: 0, faults: [] })
  const { faults } = await verifyRows(without(rows.rows, 4))
  expect(faults).toMatchObject([{ kind: 'cut_tail', writer: first, seq: 4 }])
  const recovered = forged(rows.rows[3], { tenant: 'x' })
  const opened = forged(rows.rows[4], { after: undefined })
  expect(
    (await verifyRows([...rows.rows.slice(0, 3), recovered, ...rows.rows.slice(4)])).faults[0]
  ).toMatchObject({
    kind: 'edited',
    writer: first,
    seq: 4
  })
  expect((await verifyRows([...rows.rows.slice(0, 4), opened])).faults[0]).toMatchObject({
    kind: 'foreign',
    writer: second,
    seq: 1
  })
})

test('an outcome without an intent, a second intent and a second outcome are named', async () => {
  const outcome = new RowsBuilder().open(first).add(first, callEntry('call.outcome', 1))
  expect((await verifyRows(outcome.rows)).faults).toMatchObject([
    { kind: 'outcome_without_intent', writer: first, seq: 2 }
  ])
  const intents = new RowsBuilder().open(first).call(first, 1).add(first, callEntry('call.intent', 1))
  expect((await verifyRows(intents.rows)).faults).toMatchObject([
    { kind: 'repeated_call', writer: first, seq: 4 }
  ])
  const outcomes = new RowsBuilder().open(first).call(first, 1).add(first, callEntry('call.outcome', 1))
  expect((await verifyRows(outcomes.rows)).faults).toMatchObject([
    { kind: 'repeated_call', writer: first, seq: 4 }
  ])
  const nameless = new RowsBuilder()
    .open(first)
    .add(first, { at: '2026-11-24T06:00:00.000Z', kind: 'call.intent' })
  expect((await verifyRows(nameless.rows)).faults).toMatchObject([
    { kind: 'malformed', writer: first, seq: 2 }
  ])
})

test('entries after the end of a chain are foreign', async () => {
  const rows = new RowsBuilder()
    .open(first)
    .add(first, { at: '2026-11-24T06:00:00.000Z', kind: 'writer.closed' })
    .call(first, 1)
  expect((await verifyRows(rows.rows)).faults).toMatchObject([{ kind: 'foreign', writer: first, seq: 3 }])
})

test('entries that explain refusals verify, and an edit of any of their members is found', async () => {
  const explained = { cause: 'tls_name', limit: 'upstream', reason: 'expired', upstream_ms: 7 }
  const rows = new RowsBuilder()
    .open(first)
    .add(first, callEntry('call.intent', 1))
    .add(first, callEntry('call.outcome', 1, explained))
    .add(first, { ...callEntry('call.outcome', 2, explained), kind: 'call.rejected' })
  expect((await verifyRows(rows.rows)).faults).toEqual([])
  for (const name of Object.keys(explained)) {
    const changed = change(rows.rows, 3, row => edited(row, { [name]: 'changed' }))
    expect((await verifyRows(changed)).faults).toMatchObject([{ kind: 'edited', writer: first, seq: 3 }])
  }
})

test('members that this version does not know are part of the hash', async () => {
  const rows = new RowsBuilder()
    .open(first)
    .add(first, callEntry('call.intent', 1, { zone: { b: [1, null, 'ü"\\'], a: -0.5 }, zz: 'last' }))
  expect((await verifyRows(rows.rows)).faults).toEqual([])
  const changed = change(rows.rows, 2, row => edited(row, { zz: 'changed' }))
  expect((await verifyRows(changed)).faults).toMatchObject([{ kind: 'edited', writer: first, seq: 2 }])
})

test('each chain has a finding of its own', async () => {
  const { faults } = await verifyRows(without(sample.rows, 6, 8))
  expect(faults).toMatchObject([
    { kind: 'missing', writer: first, seq: 4, place: 'entry 6' },
    { kind: 'missing', writer: second, seq: 3, place: 'entry 7' }
  ])
})

test('text in the store that is no entry is malformed, and so is text that is not canonical', async () => {
  const texts = [
    'not json',
    '[]',
    'null',
    '{"a":1}',
    ` ${intent?.entry}`,
    intent?.entry.replace('{', '{"at":"x",') ?? ''
  ]
  for (const text of texts) {
    const { faults } = await verifyTexts(change(sample.rows, 6, row => ({ ...row, entry: text })))
    expect(faults[0]).toMatchObject({ kind: 'malformed', writer: null, place: 'entry 6' })
  }
})

test('an entry without its writer or number is named by its position in the chain', async () => {
  for (const changes of [{ writer: undefined }, { seq: '5' }, { seq: 0 }, { kind: null }]) {
    const { faults } = await verifyTexts(change(sample.rows, 7, row => edited(row, changes)))
    expect(faults[0]).toMatchObject({ kind: 'malformed', writer: first, seq: 5 })
  }
})

test('lines that are no export lines are malformed: cut short, written twice over, spaced, empty, binary', async ({
  storeWith
}) => {
  const { store, folder } = await storeWith(sample.rows)
  const file = join(folder, 'export.ndjson')
  const lines = [...exportedLines(store.raw)].join('').split('\n')
  const [line = ''] = lines.slice(5)
  const bad = [
    line.slice(0, 100),
    `${line}${line}`,
    line.replace('":', '": '),
    '',
    '\u0000\ufffd',
    line.replace('{', '{"status":500,"status":200,'),
    `${line}\r`
  ]
  for (const text of bad) {
    writeFileSync(file, lines.toSpliced(5, 1, text).join('\n'))
    const { faults } = await verifyLedger(exportedEntries(file))
    expect(faults[0]).toMatchObject({ kind: 'malformed', place: 'line 6' })
  }
  writeFileSync(file, lines.join('\n').slice(0, -20))
  expect((await verifyLedger(exportedEntries(file))).faults[0]).toMatchObject({
    kind: 'malformed',
    place: 'line 14'
  })
  writeFileSync(file, 'x'.repeat(3 << 20))
  expect((await verifyLedger(exportedEntries(file))).faults[0]).toMatchObject({
    kind: 'malformed',
    place: 'line 1'
  })
})

test("the store's own list of writers reveals a chain cut or dropped, and one that is not in it", async ({
  storeWith
}) => {
  const { store } = await storeWith(sample.rows.filter(row => members(row)['writer'] === first))
  expect((await verifyLedger(readStore(store.raw), readWriters(store.raw))).faults).toMatchObject([
    { kind: 'missing', writer: second, seq: 1 }
  ])
  store.raw.prepare('UPDATE writer SET open_from = 9 WHERE id = ?').run(first)
  expect((await verifyLedger(readStore(store.raw), readWriters(store.raw))).faults[0]).toMatchObject({
    kind: 'cut_tail',
    writer: first,
    seq: 8
  })
  store.raw.exec('DELETE FROM writer')
  expect((await verifyLedger(readStore(store.raw), readWriters(store.raw))).faults).toMatchObject([
    { kind: 'foreign', writer: first, seq: 1 }
  ])
})
