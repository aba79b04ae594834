import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { beforeEach, describe, expect } from 'vitest'
import type { EntryFields } from '../../../src/ledger/entry/entry.ts'
import { pendingEntry } from '../../../src/ledger/entry/pending-entry.ts'
import { readChainHeads, readWriters } from '../../../src/ledger/query/chain-heads.ts'
import { entriesOfRequest, searchLedger } from '../../../src/ledger/query/search.ts'
import type { PruneOptions } from '../../../src/ledger/retention/prune-plan.ts'
import { exportedEntries } from '../../../src/ledger/verify/exported-entries.ts'
import { verifyLedger } from '../../../src/ledger/verify/verify.ts'
import { verifyParts } from '../../../src/ledger/verify/verify-parts.ts'
import type { LedgerWriter } from '../../../src/ledger/writer/writer.ts'
import type { Store } from '../../../src/store/store.ts'
import { test } from '../../support/fixtures/ledger-test.ts'
import { day, type PrunedStore, signer } from '../../support/fixtures/pruned-store.ts'
import { callEntry, requestId } from '../../support/fixtures/sample-ledger.ts'

let ledger: PrunedStore
let store: Store
let writer: LedgerWriter
test.beforeEach(({ ledger: made }) => {
  ledger = made
  store = made.store
  writer = made.open(1)
})

const entry = (kind: 'call.intent' | 'call.outcome', call: number, number: number): EntryFields =>
  callEntry(kind, call, { at: day(number).toISOString() })

function append(...entries: EntryFields[]): void {
  writer.append(entries.map(pendingEntry), 0)
}

/** A call a day, from the first to the last. */
function callsOn(first: number, last: number): void {
  for (let number = first; number <= last; number++)
    append(entry('call.intent', number, number), entry('call.outcome', number, number))
}

const archivePath = (name = 'archive.ndjson') => ledger.path(name)

const pruned = (before: number, options: Partial<PruneOptions> = {}) =>
  ledger.prune(before, 'archive.ndjson', options)

async function verifyFiles(...files: string[]) {
  return await verifyParts(files)
}

const exportTo = (name: string) => ledger.path(ledger.exportTo(name))

test('older entries go into the archive, and the rest verifies from the signed prune point on', async () => {
  callsOn(2, 20)
  const result = await pruned(10)
  expect(result).toMatchObject({ entries: 17, position: 17 })
  expect(ledger.rows.first).toBe(18)
  const publicKeys = new Set([signer.publicKey])
  expect(await ledger.verify({ publicKeys })).toMatchObject({ faults: [], openCalls: 0, entries: 22 + 2 })
  expect(await verifyFiles(archivePath())).toMatchObject({ faults: [], entries: 17 })
})

test('archive and rest together verify as the whole that they were', async () => {
  callsOn(2, 20)
  const heads = readChainHeads(store.raw)
  await pruned(10)
  const rest = exportTo('rest.ndjson')
  const whole = await verifyLedger(exportedEntries(archivePath(), rest), { heads })
  expect(whole).toMatchObject({ faults: [], entries: 39 + 2 })
  expect(await verifyFiles(rest)).toMatchObject({ faults: [], entries: 24 })
})

test('heads noted before a prune still serve after it', async () => {
  callsOn(2, 9)
  await ledger.administer(9)
  const heads = readChainHeads(store.raw)
  callsOn(10, 20)
  // The chains of this test are opened today, whatever days their entries give: the cut is made behind today too.
  const before = new Date(Date.now() + 60_000)
  append(
    ...[90, 91].map(call =>
      callEntry('call.intent', call, { at: new Date(Date.now() + 90_000).toISOString() })
    )
  )
  append(...[90, 91].map(call => callEntry('call.outcome', call, { at: before.toISOString() })))
  await pruned(0, { before })
  expect(heads).toHaveLength(2)
  expect((await ledger.verify({ heads })).faults).toEqual([])
})

test('a chain that ended just before the prune point is not missed', async () => {
  callsOn(2, 4)
  await ledger.administer(5)
  const before = new Date(Date.now() + 60_000)
  append(callEntry('call.intent', 90, { at: before.toISOString() }))
  append(callEntry('call.outcome', 90, { at: before.toISOString() }))
  expect(await pruned(0, { before })).toMatchObject({
    entries: 9
  })
  expect(await ledger.verify()).toMatchObject({ faults: [], entries: 4 })
  expect((await verifyFiles(exportTo('rest.ndjson'))).faults).toEqual([])
})

test('a second prune follows the first, and each archive continues the one before', async () => {
  callsOn(2, 30)
  await pruned(10)
  await pruned(20, { archive: archivePath('second.ndjson') })
  expect(await ledger.verify()).toMatchObject({ faults: [] })
  const rest = exportTo('rest.ndjson')
  const all = await verifyFiles(archivePath(), archivePath('second.ndjson'), rest)
  expect(all).toMatchObject({ faults: [], entries: 59 + 4 })
  expect((await verifyFiles(rest)).faults).toEqual([])
})

test('a chain that goes on after the prune point is continued, and one that has ended is forgotten', async () => {
  callsOn(2, 5)
  writer.close(day(6))
  writer = ledger.open(7)
  callsOn(7, 20)
  await pruned(15)
  expect(readWriters(store.raw).lengths.size).toBe(2)
  expect((await ledger.verify()).faults).toEqual([])
  callsOn(21, 22)
  writer.close(day(23))
  expect((await ledger.verify()).faults).toEqual([])
})

test('a call whose intent is pruned and whose outcome stays is no finding', async () => {
  callsOn(2, 9)
  append(entry('call.intent', 50, 9))
  append(entry('call.outcome', 50, 12))
  callsOn(13, 14)
  await pruned(10)
  expect(await ledger.verify()).toMatchObject({ faults: [], openCalls: 0 })
  expect((await verifyFiles(exportTo('rest.ndjson'))).faults).toEqual([])
})

test('the intent of a call that has no outcome yet stays, whatever its age', async () => {
  callsOn(2, 4)
  append(entry('call.intent', 50, 5))
  callsOn(6, 20)
  await pruned(10)
  expect(entriesOfRequest(store.raw, requestId(50))).toHaveLength(1)
  append(entry('call.outcome', 50, 21))
  expect(await ledger.verify()).toMatchObject({ faults: [], openCalls: 0 })
})

test('an archive whose name ends in .gz is compressed, and is verified as it is', async () => {
  callsOn(2, 20)
  const archive = archivePath('archive.ndjson.gz')
  await pruned(10, { archive })
  expect(gunzipSync(readFileSync(archive)).toString().split('\n')).toHaveLength(18)
  expect((await verifyFiles(archive)).faults).toEqual([])
})

test('searches find nothing of what was pruned', async () => {
  callsOn(2, 20)
  await pruned(10)
  expect(entriesOfRequest(store.raw, requestId(5))).toEqual([])
  expect(searchLedger(store.raw, { kind: 'call.*' }, { limit: 100 }).items).toHaveLength(22)
})

describe('after a prune, tampering shows:', () => {
  beforeEach(async () => {
    callsOn(2, 20)
    await pruned(10)
    store.raw.exec('DROP TRIGGER ledger_is_append_only_delete; DROP TRIGGER ledger_is_append_only_update')
  })

  test('more entries removed than the prune point says', async () => {
    store.raw.exec('DELETE FROM ledger_batch WHERE id = (SELECT min(id) FROM ledger_batch)')
    expect((await ledger.verify()).faults[0]).toMatchObject({ kind: 'missing', seq: 18 })
  })

  test('the prune point moved forward by hand', async () => {
    store.raw.exec('UPDATE ledger_cut SET position = 19; DELETE FROM ledger_batch WHERE id < 20')
    expect((await ledger.verify()).faults[0]).toMatchObject({ kind: 'missing' })
  })

  test('the entry of the prune edited', async () => {
    store.raw.exec(`UPDATE ledger_batch SET texts = replace(texts, '"open":[]', '"open":["x 1"]')`)
    expect((await ledger.verify()).faults[0]).toMatchObject({ kind: 'edited' })
  })

  test('the entry of the prune removed', async () => {
    store.raw.exec('DELETE FROM ledger_batch WHERE id = (SELECT max(id) FROM ledger_batch)')
    expect((await ledger.verify()).faults.length).toBeGreaterThan(0)
  })
})

describe('nothing is removed', () => {
  beforeEach(() => callsOn(2, 20))
  const untouched = async () => {
    expect(ledger.rows.first).toBe(1)
    expect(readdirSync(ledger.folder).filter(name => name.endsWith('.partial'))).toEqual([])
    expect(await ledger.verify()).toMatchObject({ faults: [], entries: 39 })
  }

  test('when the archive is there already', async () => {
    writeFileSync(archivePath(), 'mine')
    await expect(pruned(10)).rejects.toMatchObject({ code: 'archive_exists' })
    expect(readFileSync(archivePath(), 'utf8')).toBe('mine')
    await untouched()
  })

  test('when nothing is old enough', async () => {
    await expect(pruned(1)).rejects.toMatchObject({ code: 'nothing_to_prune' })
    await untouched()
  })

  test('when the archive cannot be written', async () => {
    await expect(pruned(10, { archive: ledger.path('no/folder') })).rejects.toMatchObject({
      code: 'ENOENT'
    })
    await untouched()
  })

  test.each(['archived', 'checked'] as const)('when it is interrupted while entries are %s', async step => {
    const interrupt = new AbortController()
    const stopped = pruned(10, {
      signal: interrupt.signal,
      onProgress: now => now === step && interrupt.abort(new Error('interrupted'))
    })
    await expect(stopped).rejects.toThrow()
    expect(existsSync(archivePath())).toBe(false)
    await untouched()
  })

  test('when the ledger is broken in the part to be pruned', async () => {
    store.raw.exec('DROP TRIGGER ledger_is_append_only_update')
    store.raw.exec(`UPDATE ledger_batch SET texts = replace(texts, 'acme', 'evil') WHERE id = 6`)
    await expect(pruned(10)).rejects.toMatchObject({
      code: 'archive_faulty',
      message: expect.stringContaining('edited')
    })
    expect(existsSync(archivePath())).toBe(false)
    expect(ledger.rows.first).toBe(1)
  })
})

test('interrupted while entries are removed, the prune point stands, nobody sees the rest, and the next prune removes it', async () => {
  for (let call = 1; call <= 150; call++)
    append(entry('call.intent', call, 3), entry('call.outcome', call, 3))
  callsOn(200, 210)
  const interrupt = new AbortController()
  const stopped = pruned(10, {
    signal: interrupt.signal,
    onProgress: now => now === 'removed' && interrupt.abort(new Error('interrupted'))
  })
  await expect(stopped).rejects.toThrow()
  expect(ledger.rows.first).toBeLessThan(300)
  expect(await ledger.verify()).toMatchObject({ faults: [], entries: 22 + 2 })
  expect(searchLedger(store.raw, { code: 'accepted' }, { limit: 1000 }).items).toHaveLength(11)
  await expect(pruned(2, { archive: archivePath('next') })).rejects.toMatchObject({
    code: 'nothing_to_prune'
  })
  expect(ledger.rows.first).toBe(302)
})

test('the table refuses to remove entries that are not pruned', async () => {
  callsOn(2, 20)
  await pruned(10)
  expect(() => store.raw.exec('DELETE FROM ledger_batch')).toThrow(/append-only/)
})
