import { execFile } from 'node:child_process'
import { closeSync, openSync, readFileSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { promisify } from 'node:util'
import { describe, expect } from 'vitest'
import { openStore } from '../../src/store/store.ts'
import { test } from '../support/fixtures/test.ts'

let folder: string
let path: string
test.beforeEach(({ folder: made }) => {
  folder = made
  path = join(folder, 'data', 'gateway.db')
})
const url = () => `sqlite:${path}`

describe('an open store', () => {
  test.each([
    ['journal_mode', 'wal'],
    ['synchronous', 2],
    ['mmap_size', 0],
    ['trusted_schema', 0],
    ['foreign_keys', 1],
    ['busy_timeout', 2000]
  ])('has %s = %s', async (pragma, wanted) => {
    const store = await openStore(url())
    const row = store.raw.prepare(`PRAGMA ${pragma}`).get() as Record<string, unknown>
    expect(Object.values(row)[0]).toBe(wanted)
    store.close()
  })

  test('is in a folder that only its owner can enter', async () => {
    ;(await openStore(url())).close()
    expect(statSync(join(folder, 'data')).mode & 0o777).toBe(0o700)
  })

  test('keeps what was written when it is opened again', async () => {
    const first = await openStore(url())
    await first.db.insertInto('meta').values({ key: 'a', value: '1' }).execute()
    first.close()
    const second = await openStore(url())
    expect(await second.db.selectFrom('meta').selectAll().execute()).toEqual([{ key: 'a', value: '1' }])
    second.close()
  })

  test('stores all of a transaction or nothing', async () => {
    const store = await openStore(url())
    const failing = store.transact(async tx => {
      await tx.insertInto('meta').values({ key: 'a', value: '1' }).execute()
      throw new Error('half way')
    })
    await expect(failing).rejects.toThrow('half way')
    expect(await store.db.selectFrom('meta').selectAll().execute()).toEqual([])
    store.close()
  })
})

test('processes that start at once on a new store all open it, and its tables are created once', async () => {
  const opener = join(import.meta.dirname, 'open-store.ts')
  const open = async () => await promisify(execFile)(process.execPath, [opener, url()])
  const outputs = await Promise.all(Array.from({ length: 5 }, open))
  expect(outputs.map(({ stdout }) => stdout)).toEqual(Array(5).fill('open\n'))
  const store = await openStore(url())
  const tables = store.raw.prepare(`SELECT count(*) AS n FROM sqlite_schema WHERE name = 'ledger'`).get()
  expect(tables?.['n']).toBe(1)
  store.close()
})

describe('an unusable store is refused with the reason, and not changed', () => {
  const opened = async () => await openStore(url()).then(store => store.close())

  test('a file that is no database', async () => {
    path = join(folder, 'gateway.db')
    writeFileSync(path, 'this is a letter to a friend, and not a database at all '.repeat(100))
    const before = readFileSync(path)
    const failure = await opened().catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'store_unavailable' })
    expect((failure as Error).message).toMatch(/not a database/)
    expect(readFileSync(path)).toEqual(before)
  })

  test('a file with damaged pages', async () => {
    const store = await openStore(url())
    const insert = store.raw.prepare('INSERT INTO meta (key, value) VALUES (?, ?)')
    store.raw.exec('BEGIN')
    for (let row = 0; row < 2000; row++) insert.run(`key ${row}`, 'x'.repeat(200))
    store.raw.exec('COMMIT')
    store.raw.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    store.close()
    scribble(path, Math.floor(statSync(path).size / 2), 40_000)
    await expect(opened()).rejects.toThrow(/damaged|malformed/)
  })

  test('a file that was cut', async () => {
    const store = await openStore(url())
    store.raw.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    store.close()
    truncateSync(path, Math.floor(statSync(path).size / 2))
    await expect(opened()).rejects.toThrow(expect.objectContaining({ code: 'store_unavailable' }))
  })

  test('a database of another program', async () => {
    path = join(folder, 'gateway.db')
    const other = new DatabaseSync(path)
    other.exec('CREATE TABLE letter (text); INSERT INTO letter VALUES (1)')
    other.close()
    const before = readFileSync(path)
    await expect(opened()).rejects.toThrow(/database of something else/)
    expect(readFileSync(path)).toEqual(before)
  })

  test('a folder in place of the file', async () => {
    path = folder
    await expect(opened()).rejects.toThrow(expect.objectContaining({ code: 'store_unavailable' }))
  })

  test.each(['postgres://localhost/gateway', 'gateway.db', 'mysql:x'])('the address %s', async address => {
    await expect(openStore(address)).rejects.toThrow(expect.objectContaining({ code: 'store_unavailable' }))
  })
})

/** Overwrites part of a file with bytes that mean nothing. */
function scribble(file: string, from: number, length: number): void {
  const descriptor = openSync(file, 'r+')
  writeSync(descriptor, Buffer.alloc(length, 0xa5), 0, length, from)
  closeSync(descriptor)
}
