import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, expect } from 'vitest'
import { openSqlite } from '../../../src/store/sqlite/sqlite.ts'
import { openStoreFile, type StoreFile } from '../../../src/store/sqlite/store-file.ts'
import { withQueries } from '../../../src/store/store.ts'
import type { StoreFault } from '../../../src/store/store-fault.ts'
import { test } from '../../support/fixtures/test.ts'

let path: string
let store: StoreFile
const also: DatabaseSync[] = []
test.beforeEach(async ({ folder }) => {
  path = join(folder, 'gateway.db')
  store = await openStoreFile(`sqlite:${path}`)
})
afterEach(() => {
  for (const database of [...also.splice(0), store.raw]) if (database.isOpen) database.close()
})

const insert = (key: string) =>
  store.raw.prepare('INSERT INTO meta (key, value) VALUES (?, ?)').run(key, 'value')
const keys = () =>
  store.raw
    .prepare('SELECT key FROM meta ORDER BY key')
    .all()
    .map(row => row['key'])
const remove = (...ends: string[]) => {
  for (const end of ends) rmSync(`${path}${end}`)
}

/** What `work` throws, by its code. */
function codeOf(work: () => unknown): string | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    return (error as StoreFault).code
  }
}

/** Runs a script in a process of its own, on the `database` that it opens, to its end. */
function elsewhere(script: string): string {
  const opening = `const database = new (require('node:sqlite').DatabaseSync)(process.argv[1], { timeout: 2000 })`
  const { stdout, stderr, status } = spawnSync(process.execPath, ['-e', `${opening};${script}`, path], {
    encoding: 'utf8'
  })
  if (status !== 0) throw new Error(stderr)
  return stdout
}

test.each([{ removed: ['-wal'] }, { removed: ['-shm'] }, { removed: ['-wal', '-shm'] }])(
  'commits are kept when $removed is removed',
  ({ removed }) => {
    insert('before')
    store.requireInPlace()
    remove(...removed)
    expect(codeOf(() => store.requireInPlace())).toBe('log_removed')
    expect(codeOf(() => store.requireWritten())).toBe('log_removed')
    store = store.reopen()
    store.requireInPlace()
    insert('after')
    expect(keys()).toEqual(['after', 'before'])
    expect(elsewhere(`console.log(database.prepare('SELECT count(*) AS n FROM meta').get().n)`)).toBe('2\n')
  }
)

test('a removed log is also kept when another process has the store open', async () => {
  insert('before')
  const reader = spawn(
    process.execPath,
    [
      '-e',
      `const { DatabaseSync } = require('node:sqlite')
       const database = new DatabaseSync(process.argv[1], { readOnly: true })
       const count = () => console.log(database.prepare('SELECT count(*) AS n FROM meta').get().n)
       process.stdin.on('data', count)
       count()`,
      path
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] }
  )
  try {
    await once(reader.stdout, 'data')
    remove('-wal')
    store = store.reopen()
    insert('after')
    expect(keys()).toEqual(['after', 'before'])
  } finally {
    reader.kill('SIGKILL')
    await once(reader, 'exit')
  }
  store.raw.close()
  expect(elsewhere(`console.log(database.prepare('SELECT count(*) AS n FROM meta').get().n)`)).toBe('2\n')
})

test('entries that another process has written to a new log are kept: the removed log is not copied over them', () => {
  for (let key = 0; key < 200; key++) insert(`key ${key}`)
  store.raw.exec('PRAGMA wal_checkpoint(FULL)')
  remove('-wal')
  elsewhere(
    `for (let key = 0; key < 50; key++) database.exec("INSERT INTO meta VALUES ('other " + key + "', '" + 'x'.repeat(900) + "')")`
  )
  expect(codeOf(() => store.requireInPlace())).toBe('log_removed')
  store = store.reopen()
  expect(store.raw.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
  expect(keys()).toHaveLength(250)
})

test('a store is not opened again while another connection of this process has the removed log open', () => {
  insert('before')
  const reader = new DatabaseSync(path, { readOnly: true })
  also.push(reader)
  reader.prepare('SELECT * FROM meta').all()
  remove('-wal')
  expect(codeOf(() => store.reopen())).toBe('log_removed')
  reader.close()
  store = store.reopen()
  expect(keys()).toEqual(['before'])
})

test('a commit to a file that is moved away meanwhile counts as failed', () => {
  remove('')
  expect(codeOf(() => store.requireInPlace())).toBe('replaced')
  expect(codeOf(() => store.requireWritten())).toBe('replaced_meanwhile')
  expect(codeOf(() => store.reopen())).toBe('replaced')
})

test('a change that would be written to a removed log is rolled back', async () => {
  const { transact, db } = withQueries(store)
  const change = transact(async tx => {
    await tx.insertInto('meta').values({ key: 'a', value: '1' }).execute()
    remove('-wal')
  })
  await expect(change).rejects.toMatchObject({ code: 'log_removed' })
  expect(await db.selectFrom('meta').selectAll().execute()).toEqual([])
})

test.skipIf(process.platform !== 'linux')('to open a store again drops none of the locks on it', () => {
  const locks = () =>
    readFileSync('/proc/locks', 'utf8')
      .split('\n')
      .filter(line => line.includes(` ${process.pid} `) && line.includes(`:${statSync(path).ino} `))
      // Without its number in the list of all.
      .map(line => line.replace(/^\d+: /, ''))
  keys()
  const held = locks()
  expect(held).not.toEqual([])
  openSqlite(path).close()
  expect(locks()).toEqual(held)
})
