import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect } from 'vitest'
import { prunePointsIn } from '../../../src/ledger/retention/prune-point.ts'
import { verifyParts } from '../../../src/ledger/verify/verify-parts.ts'
import { test } from '../../support/fixtures/ledger-test.ts'
import { call, callsOn, day, type PrunedStore } from '../../support/fixtures/pruned-store.ts'

let ledger: PrunedStore
test.beforeEach(async ({ ledger: made }) => {
  ledger = made
  const writer = ledger.open(1)
  callsOn(writer, 2, 30)
  await ledger.prune(10, 'a1', { now: day(40) })
  call(writer, 41, 41)
  // The entry of the cut before is not in this archive: it was written later than all of it.
  await ledger.prune(20, 'a2', { now: day(42) })
  call(writer, 43, 43)
  await ledger.prune(42, 'a3', { now: day(50) })
  call(writer, 51, 51)
  ledger.exportTo('rest')
})

async function verifyFiles(...names: string[]) {
  return await verifyParts(names.map(name => ledger.path(name)))
}

async function withStore(...names: string[]) {
  return await verifyParts(
    names.map(name => ledger.path(name)),
    {},
    ledger.store.raw
  )
}

const missing = (detail: RegExp) =>
  expect.objectContaining({ code: 'part_missing', message: expect.stringMatching(detail) })

describe('untouched files are whole:', () => {
  test.each([
    [['a1']],
    [['rest']],
    [['a1', 'a2', 'a3', 'rest']],
    [['a1', 'a2']],
    [['a2', 'a3', 'rest']],
    [['a3', 'rest']],
    [['a2', 'a3']]
  ])('%s', async names => {
    expect((await verifyFiles(...names)).faults).toEqual([])
  })

  test.each([[[]], [['a3']], [['a2', 'a3']], [['a1', 'a2', 'a3']]])('%s and the store', async names => {
    expect((await withStore(...names)).faults).toEqual([])
  })
})

describe('what cannot be checked without another file names what is missing:', () => {
  test.each<[string[], RegExp]>([
    [['a2'], /a2 begins after a prune point that no given file records/],
    [['a1', 'a3'], /between .*a1 and .*a3 .*from position 18 on/],
    [['a1', 'rest'], /between .*a1 and .*rest/],
    [['a2', 'rest'], /a2 begins after a prune point/],
    [['a2', 'a1'], /a2 begins after a prune point/],
    [['a3', 'rest', 'a1'], /a1 does not follow .*order/],
    [['a1', 'a1'], /order/]
  ])('%s', async (names, gap) => {
    await expect(verifyFiles(...names)).rejects.toEqual(missing(gap))
  })

  test.each<[string[], RegExp]>([
    [['a1'], /between .*a1 and the store/],
    [['a1', 'a2'], /between .*a2 and the store/],
    [['a2'], /a2 begins after a prune point/]
  ])('%s and the store', async (names, gap) => {
    await expect(withStore(...names)).rejects.toEqual(missing(gap))
  })
})

describe('a file that was changed is broken, not only incomplete:', () => {
  const changed = (name: string, change: (lines: string[]) => string[]) => {
    const lines = readFileSync(ledger.path(name), 'utf8').trimEnd().split('\n')
    writeFileSync(ledger.path(name), `${change(lines).join('\n')}\n`)
  }

  test.each<[string, (lines: string[]) => string[]]>([
    ['an entry taken out', lines => lines.toSpliced(5, 1)],
    ['its end cut off', lines => lines.slice(0, -3)],
    ['its beginning cut off', lines => lines.slice(1)],
    ['an entry twice', lines => lines.toSpliced(5, 0, lines[5] ?? '')],
    [
      'an entry edited',
      lines => lines.with(5, lines[5]?.replace('acme', 'evil').replace('globex', 'evil') ?? '')
    ]
  ])('%s', async (_what, change) => {
    changed('a2', change)
    expect((await verifyFiles('a1', 'a2', 'a3', 'rest')).faults).not.toEqual([])
    expect((await withStore('a1', 'a2', 'a3')).faults).not.toEqual([])
  })

  test('a file that is no export at all', async () => {
    writeFileSync(ledger.path('text'), 'nothing of the kind\n')
    expect((await verifyFiles('text')).faults).toMatchObject([{ kind: 'malformed' }])
  })
})

test('a store has all its prune points', () => {
  expect([...prunePointsIn(ledger.store.raw)].map(({ position, entries }) => [position, entries])).toEqual([
    [63, 26],
    [37, 20]
  ])
})
