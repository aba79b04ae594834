import { describe, expect } from 'vitest'
import { pendingEntry } from '../../../src/ledger/entry/pending-entry.ts'
import { test } from '../../support/fixtures/ledger-test.ts'
import { callsOn, day, type PrunedStore } from '../../support/fixtures/pruned-store.ts'
import { callEntry } from '../../support/fixtures/sample-ledger.ts'

let ledger: PrunedStore
test.beforeEach(async ({ ledger: made }) => {
  ledger = made
  const writer = ledger.open(1)
  callsOn(writer, 2, 9)
  const at = day(9).toISOString()
  writer.append(
    [pendingEntry(callEntry('call.intent', 50, { at })), pendingEntry(callEntry('call.outcome', 50, { at }))],
    0
  )
  await ledger.administer(10)
  callsOn(writer, 11, 12)
})

/** Past every guard of the table, as whoever can write the file can. */
function tamper(...statements: string[]): void {
  for (const guard of ['update', 'delete'])
    ledger.store.raw.exec(`DROP TRIGGER ledger_is_append_only_${guard}`)
  for (const statement of statements) ledger.store.raw.exec(statement)
}

describe('an altered row is named, though its entries are whole:', () => {
  // 18 and 19 are one row, 20 and 21 that of a change, 22 to 25 a row each.
  test.each<[string, string[], RegExp]>([
    [
      'two writers in one row',
      [
        `UPDATE ledger_batch SET entries = 4,
           texts = texts || char(10) || (SELECT texts FROM ledger_batch WHERE id = 20),
           hashes = CAST(hashes || (SELECT hashes FROM ledger_batch WHERE id = 20) AS BLOB) WHERE id = 18`,
        'DELETE FROM ledger_batch WHERE id = 20'
      ],
      /entry 18/
    ],
    ['a gap between rows', ['UPDATE ledger_batch SET id = 1000 WHERE id = 25'], /entry 1000/],
    ['rows that overlap', ['UPDATE ledger_batch SET id = 19 WHERE id = 20'], /entry 19/],
    ['another number of entries', ['UPDATE ledger_batch SET entries = 3 WHERE id = 18'], /entry 18/],
    ['another place in the chain', ['UPDATE ledger_batch SET first_seq = 90 WHERE id = 18'], /entry 18/]
  ])('%s', async (_what, statements, place) => {
    expect((await ledger.verify()).faults).toEqual([])
    tamper(...statements)
    expect((await ledger.verify()).faults).toEqual([
      expect.objectContaining({ kind: 'malformed', place: expect.stringMatching(place) })
    ])
  })
})
