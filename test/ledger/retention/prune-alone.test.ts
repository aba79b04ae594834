import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect } from 'vitest'
import { newestPrunePoint } from '../../../src/ledger/retention/prune-point.ts'
import { openStore } from '../../../src/store/store.ts'
import { test } from '../../support/fixtures/ledger-test.ts'
import { callsOn, intent, outcome, PrunedStore } from '../../support/fixtures/pruned-store.ts'

let ledger: PrunedStore
test.beforeEach(({ ledger: made }) => {
  ledger = made
  callsOn(ledger.open(1), 2, 30)
})

const partials = () => readdirSync(ledger.folder).filter(name => name.endsWith('.partial'))
const cutPositions = () => ledger.store.raw.prepare('SELECT position FROM ledger_cut').all()

async function expectWhole(...archives: string[]): Promise<void> {
  expect((await ledger.verify()).faults).toEqual([])
  const all = await ledger.verifyFiles(...archives, ledger.exportTo('rest'))
  expect(all).toMatchObject({ faults: [], entries: 59 + 2 * archives.length })
}

test('while a prune is at work, another one of the same store is refused and harms nothing', async () => {
  const other = await openStore(`sqlite:${ledger.path('gateway.db')}`)
  const second = new PrunedStore(ledger.folder, other)
  const tried: Promise<unknown>[] = []
  const pruned = await ledger.prune(10, 'same', {
    onProgress: step => {
      if (step !== 'checked' || tried.length > 0) return
      tried.push(
        ...['same', 'other'].map(name =>
          second.prune(20, name).catch((error: { code: unknown }) => error.code)
        )
      )
    }
  })
  expect(await Promise.all(tried)).toEqual(['prune_running', 'prune_running'])
  other.close()
  const bytes = readFileSync(ledger.path('same'))
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(pruned.sha256)
  expect(existsSync(ledger.path('other'))).toBe(false)
  await expectWhole('same')
})

test('a prune that was made meanwhile, past the lock, is seen before the next is recorded', async () => {
  const past = new DatabaseSync(ledger.path('gateway.db'))
  const refused = ledger.prune(10, 'a1', {
    onProgress: step => step === 'checked' && past.exec('INSERT OR IGNORE INTO ledger_cut VALUES (5)')
  })
  await expect(refused).rejects.toMatchObject({ code: 'pruned_meanwhile' })
  past.close()
  expect(cutPositions()).toEqual([{ position: 5 }])
  expect(existsSync(ledger.path('a1'))).toBe(false)
  expect(ledger.rows.first).toBe(1)
})

test('a store that cannot record the prune leaves no archive, and the same call succeeds later', async () => {
  const blocker = new DatabaseSync(ledger.path('gateway.db'))
  ledger.store.raw.exec('PRAGMA busy_timeout = 0')
  const failed = ledger.prune(10, 'a1', {
    onProgress: step => {
      if (step === 'checked' && !blocker.isTransaction) blocker.exec('BEGIN IMMEDIATE')
    }
  })
  await expect(failed).rejects.toThrow(/locked/)
  blocker.exec('ROLLBACK')
  blocker.close()
  expect(existsSync(ledger.path('a1'))).toBe(false)
  expect(partials()).toEqual([])
  expect(await ledger.prune(10, 'a1')).toMatchObject({ entries: 17 })
  await expectWhole('a1')
})

describe('the same call finishes', () => {
  /** What a prune that is killed after its archive leaves: the file, and a store that knows nothing of it. */
  async function killedBeforeCut(archive: string): Promise<Buffer> {
    const twin = await PrunedStore.make()
    ledger.store.raw.exec(`VACUUM INTO '${twin.path('copy.db')}'`)
    const copy = await openStore(`sqlite:${twin.path('copy.db')}`)
    const killed = new PrunedStore(twin.folder, copy)
    await killed.prune(10, archive)
    const bytes = readFileSync(twin.path(archive))
    copy.close()
    twin.close()
    return bytes
  }

  test.each(['a1', 'a1.gz'])(
    'a prune that was killed between its archive and its record (%s)',
    async name => {
      const bytes = await killedBeforeCut(name)
      writeFileSync(ledger.path(name), bytes)
      // The same relative time is a later one now: more entries would go.
      expect(await ledger.prune(12, name)).toMatchObject({ entries: 17, position: 17 })
      expect(readFileSync(ledger.path(name))).toEqual(bytes)
      expect(newestPrunePoint(ledger.store.raw)).toMatchObject({
        entries: 17,
        sha256: createHash('sha256').update(bytes).digest('hex')
      })
      await expectWhole(name)
    }
  )

  test.each([
    ['an entry less', (text: string) => text.split('\n').toSpliced(5, 1).join('\n')],
    ['a line edited', (text: string) => text.replace('acme', 'evil')],
    ['the last line repeated', (text: string) => `${text}${text.trimEnd().split('\n').at(-1)}\n`],
    ['only its end', (text: string) => text.split('\n').slice(5).join('\n')]
  ])('no prune whose archive holds something else: %s', async (_what, change) => {
    const bytes = await killedBeforeCut('a1')
    const changed = change(bytes.toString())
    writeFileSync(ledger.path('a1'), changed)
    await expect(ledger.prune(10, 'a1')).rejects.toMatchObject({ code: 'archive_exists' })
    expect(readFileSync(ledger.path('a1'), 'utf8')).toBe(changed)
    expect(cutPositions()).toEqual([])
  })

  test('a prune that was interrupted while entries were removed', async () => {
    const interrupt = new AbortController()
    const onProgress = (step: string) => step === 'removed' && interrupt.abort(new Error('interrupted'))
    const cut = ledger.prune(10, 'a1', { signal: interrupt.signal, onProgress })
    await expect(cut).rejects.toThrow()
    // Few rows go at once: all are gone here, so that some are put back as if they were not.
    ledger.store.raw.exec(`INSERT INTO ledger_batch (id, entries, writer, first_seq, hashes, texts)
      SELECT 1, entries, 'gone', 1, hashes, texts FROM ledger_batch WHERE id = 18`)
    expect(await ledger.prune(10, 'a1')).toMatchObject({ entries: 17, position: 17 })
    expect(ledger.rows.first).toBe(18)
    await expect(ledger.prune(10, 'a1')).rejects.toMatchObject({ code: 'archive_exists' })
    await expectWhole('a1')
  })
})

test('a prune is interrupted while it still plans', async () => {
  const interrupt = new AbortController()
  const writer = ledger.open(31)
  for (let call = 100; call < 700; call++) {
    intent(writer, call, 31)
    outcome(writer, call, 31)
  }
  const steps: string[] = []
  const stopped = ledger.prune(40, 'a1', { signal: interrupt.signal, onProgress: step => steps.push(step) })
  // As soon as anything else may run, the plan being long.
  setImmediate(() => interrupt.abort(new Error('interrupted')))
  await expect(stopped).rejects.toThrow('interrupted')
  expect(steps).toEqual([])
  expect(existsSync(ledger.path('a1'))).toBe(false)
})

test('a lock that nobody holds any more is no obstacle', async () => {
  writeFileSync(ledger.path('gateway.db.prune.lock'), '')
  await ledger.prune(10, 'a1')
  await expectWhole('a1')
})
