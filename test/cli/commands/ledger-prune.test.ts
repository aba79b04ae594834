import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { describe, expect } from 'vitest'
import { uuidv7 } from '../../../src/base/uuid.ts'
import { Chain } from '../../../src/ledger/entry/chain.ts'
import { pendingEntry } from '../../../src/ledger/entry/pending-entry.ts'
import { writerOpened } from '../../../src/ledger/entry/writer-opened.ts'
import { BatchWriter } from '../../../src/ledger/writer/batch-writer.ts'
import { seededRandom } from '../../../src/sandbox/seeded-random.ts'
import { openStore } from '../../../src/store/store.ts'
import type { CommandLine } from '../../support/cli/command-line.ts'
import { callEntry } from '../../support/fixtures/sample-ledger.ts'
import { test } from '../../support/fixtures/test.ts'
import { scenarioSeed } from '../../support/scenario/scenario.ts'

/** Puts the calls of a gateway into the store that has ended in order. */
async function fill({ storePath }: CommandLine, calls: number): Promise<void> {
  const store = await openStore(`sqlite:${storePath}`)
  const table = new BatchWriter(store.raw)
  const chain = Chain.start(uuidv7())
  const { writer } = chain.head
  const append = (...pending: ReturnType<typeof pendingEntry>[]) => {
    const hashed = pending.map(entry => chain.append(entry))
    table.append(writer, chain.head.seq + 1, hashed)
    chain.advance()
  }
  const at = new Date().toISOString()
  store.raw.exec('BEGIN')
  store.raw
    .prepare('INSERT INTO writer (id, opened_at, closed_at, open_from) VALUES (?, ?, ?, ?)')
    .run(writer, at, at, 2 * calls + 2)
  append(pendingEntry(writerOpened(at, { role: 'gateway', version: '0.0.0', pid: 1 }, undefined)))
  for (let call = 1; call <= calls; call++)
    append(
      pendingEntry(callEntry('call.intent', call, { at })),
      pendingEntry(callEntry('call.outcome', call, { at }))
    )
  append(pendingEntry({ at, kind: 'writer.closed' }))
  store.raw.exec('COMMIT')
  store.close()
}

test('pruned entries are in the archive, and both halves verify, each by itself and together', async ({
  cli
}) => {
  await fill(cli, 50)
  const pruned = await cli.json('ledger', 'prune', '--before', '0s', '--archive', 'old.ndjson.gz')
  expect(pruned).toMatchObject({ archive: 'old.ndjson.gz', entries: 102, position: 102 })
  expect(
    gunzipSync(readFileSync(join(cli.folder, 'old.ndjson.gz')))
      .toString()
      .trim()
      .split('\n')
  ).toHaveLength(102)
  const { public_key } = await cli.json('ledger', 'public-key')
  expect(public_key).toMatch(/^[\w-]{43}$/)
  expect(await cli.json('ledger', 'verify')).toMatchObject({ whole: true, entries: 2, signatures: 1 })
  expect(await cli.json('ledger', 'verify', '--file', 'old.ndjson.gz')).toMatchObject({
    whole: true,
    entries: 102
  })
  expect(await cli.json('ledger', 'verify', '--archive', 'old.ndjson.gz')).toMatchObject({ entries: 104 })
  const { items } = (await cli.json('ledger', 'list')) as { items: unknown[] }
  expect(items).toMatchObject([
    { kind: 'admin.ledger.prune', cut: { position: 102 } },
    { kind: 'writer.opened' }
  ])
})

test('verify asks for a missing archive, without which the others cannot be checked', async ({ cli }) => {
  await fill(cli, 5)
  await cli.json('ledger', 'prune', '--before', '0s', '--archive', 'a1.gz')
  await cli.json('tenant', 'create', 'acme')
  await cli.json('ledger', 'prune', '--before', '0s', '--archive', 'a2.gz')
  await cli.run(['ledger', 'export', '--gzip']).then(({ code }) => expect(code).toBe(0))
  for (const words of [['--file', 'a1.gz'], ['--file', 'a2.gz'], ['--archive', 'a2.gz'], []])
    expect(await cli.json('ledger', 'verify', ...words)).toMatchObject({ whole: true })
  expect(await cli.run(['ledger', 'verify', '--archive', 'a1.gz'])).toMatchObject({
    code: 2,
    stdout: '',
    stderr:
      'connector-gateway: between a1.gz and the store the entries from position 13 on are missing: give their archive too\n'
  })
  const { stderr } = await cli.run(['ledger', 'verify', '--archive', 'a1.gz', '--json'])
  expect(JSON.parse(stderr)).toMatchObject({ code: 'part_missing' })
})

describe('prune refuses, and says what to do:', () => {
  test.for<[string, string[], number, RegExp]>([
    ['no time', ['--archive', 'a'], 2, /--before <time>/],
    ['no archive', ['--before', '1d'], 2, /--archive <file>/],
    ['a time that is none', ['--before', 'soon', '--archive', 'a'], 2, /must be a duration such as/],
    ['a time to come', ['--before', '2999-01-01', '--archive', 'a'], 2, /--before 2999-.* is yet to come/],
    ['nothing so old', ['--before', '30d', '--archive', 'a'], 1, /no entry that can go is older/],
    [
      'a folder that is not there',
      ['--before', '0s', '--archive', 'no/a'],
      2,
      /cannot be written \(ENOENT\)/
    ],
    ['a file that is there', ['--before', '0s', '--archive', 'data/gateway.db'], 1, /is there already/]
  ])('%s', async ([_what, words, exit, message], { cli }) => {
    await fill(cli, 2)
    const ran = await cli.run(['ledger', 'prune', ...words])
    expect(ran).toMatchObject({ code: exit, stdout: '', stderr: expect.stringMatching(message) })
    expect(await cli.json('ledger', 'verify')).toMatchObject({ whole: true, entries: 6 })
  })
})

test('Ctrl-C at any instant leaves either nothing or a finished cut, never half an archive', async ({
  cli
}) => {
  const seed = scenarioSeed('interrupted prune')
  const random = seededRandom(seed, 'prune')
  await fill(cli, 15_000)
  const archives: string[] = []
  for (let round = 1; round <= 6; round++) {
    const archive = `archive-${round}.ndjson`
    const child = cli.start(['ledger', 'prune', '--before', '0s', '--archive', archive])
    const ended = new Promise<number | null>(resolve => child.once('exit', resolve))
    await delay(150 + random.integer(1200))
    child.kill('SIGINT')
    await ended
    expect(readdirSync(cli.folder).filter(name => name.endsWith('.partial'))).toEqual([])
    if (existsSync(join(cli.folder, archive))) archives.push(archive)
    expect(await cli.json('ledger', 'verify')).toMatchObject({ whole: true })
    const files = archives.flatMap(name => ['--archive', name])
    const all = await cli.json('ledger', 'verify', ...files)
    // Each cut adds the opening and the entry of its command.
    expect(all).toMatchObject({ whole: true, entries: 30_002 + 2 * archives.length })
  }
  console.log(`${archives.length} of 6 interrupted prunes had made their cut`)
})

test('a prune that is killed at any instant is finished by the same command, or has left nothing in its way', async ({
  cli
}) => {
  const seed = scenarioSeed('killed prune')
  const random = seededRandom(seed, 'kill')
  await fill(cli, 15_000)
  const archives: string[] = []
  let left = 0
  for (let round = 1; round <= 5; round++) {
    const archive = `archive-${round}.ndjson`
    const words = ['ledger', 'prune', '--before', '0s', '--archive', archive]
    const child = cli.start(words)
    const ended = new Promise<void>(resolve => child.once('exit', () => resolve()))
    // Some hit the instant between archive and cut: as soon as the file is there.
    const isThere = () => existsSync(join(cli.folder, archive))
    if (round % 2 === 0) await expect.poll(isThere, { interval: 1, timeout: 30_000 }).toBe(true)
    else await delay(150 + random.integer(900))
    child.kill('SIGKILL')
    await ended
    if (isThere()) left++
    const again = await cli.run(words)
    expect(again.stderr).toMatch(/^$|is there already/)
    archives.push(archive)
    expect(await cli.json('ledger', 'verify')).toMatchObject({ whole: true })
    const files = archives.flatMap(name => ['--archive', name])
    const all = await cli.json('ledger', 'verify', ...files)
    expect(all).toMatchObject({ whole: true, entries: 30_002 + 2 * archives.length })
  }
  console.log(`${left} of 5 killed prunes had made their archive`)
})
