import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import type { Command } from 'commander'
import { expect } from 'vitest'
import { ledgerCommand } from '../../../src/cli/commands/ledger.ts'
import { commandProblem } from '../../../src/cli/output/error.ts'
import { test as plainTest } from '../../support/fixtures/ledger-test.ts'
import {
  callEntry,
  edited,
  first,
  RowsBuilder,
  requestId,
  sampleLedger,
  second,
  storeWith
} from '../../support/fixtures/sample-ledger.ts'
import { opened } from '../../support/fixtures/test.ts'

type Ran = { exit: number; out: string; error: string }
type Stdout = { stdout?: NodeJS.WritableStream; stderr?: NodeJS.WritableStream; env?: Record<string, string> }

const test = plainTest.extend(
  'sample',
  { scope: 'file' },
  opened(() => storeWith(sampleLedger().rows))
)
let url: string
let folder: string
test.beforeAll(({ sample }) => {
  ;({ url, folder } = sample)
})

/** Runs one ledger command as the program would, and tells what came of it. */
async function run(words: readonly string[], { stdout, stderr, env }: Stdout = {}): Promise<Ran> {
  const chunks: string[] = []
  const out = new Writable({
    highWaterMark: 1,
    write(chunk, _encoding, done) {
      chunks.push(String(chunk))
      setImmediate(done)
    }
  })
  const context = {
    env: { GATEWAY_STORE_URL: url, ...env },
    stdin: Readable.from([]),
    stdout: stdout ?? out,
    stderr: stderr ?? new Writable({ write: (_chunk, _encoding, done) => done() }),
    administrator: { actor: 'cli:tester', role: 'cli', version: '0.0.0', pid: 1 } as const,
    interrupted: () => new Promise<void>(() => {})
  }
  const command = throwing(ledgerCommand(context))
  try {
    await command.parseAsync(words, { from: 'user' })
    return { exit: 0, out: chunks.join(''), error: '' }
  } catch (error) {
    return { exit: commandProblem(error).exit, out: chunks.join(''), error: (error as Error).message }
  }
}

function throwing(command: Command): Command {
  command.exitOverride().configureOutput({ writeErr: () => {} })
  for (const child of command.commands) throwing(child)
  return command
}

test('verify of a whole ledger exits 0 and reports entries, writers and heads', async () => {
  const ran = await run(['verify'])
  expect(ran).toMatchObject({ exit: 0, error: '' })
  expect(ran.out).toContain('whole: 14 entries of 2 writers')
  expect(ran.out).toContain(second)
  const json = JSON.parse((await run(['verify', '--json'])).out) as Record<string, unknown>
  expect(json).toMatchObject({ whole: true, entries: 14, writers: 2, open_calls: 0, faults: [] })
  expect(json['heads']).toHaveLength(2)
})

test('verify accepts the output of export with the output of head', async () => {
  const file = join(folder, 'export.ndjson')
  const heads = join(folder, 'heads.json')
  writeFileSync(file, (await run(['export'])).out)
  writeFileSync(heads, (await run(['head', '--json'])).out)
  expect(await run(['verify', '--file', file, '--head', heads])).toMatchObject({ exit: 0 })
  expect(await run(['verify', '--head', heads])).toMatchObject({ exit: 0 })
  const lines = (await run(['export'])).out.trimEnd().split('\n')
  writeFileSync(file, `${lines.slice(0, -1).join('\n')}\n`)
  expect(await run(['verify', '--file', file])).toMatchObject({ exit: 0 })
  const cut = await run(['verify', '--file', file, '--head', heads])
  expect(cut).toMatchObject({ exit: 1 })
  expect(cut.error).toContain(`writer ${second} seq 7: cut tail`)
})

test('verify of a broken ledger exits 1 and names the entry, in words and in JSON', async ({ storeWith }) => {
  const rows = sampleLedger().rows.map((row, index) =>
    index === 6 ? edited(row, { code: 'outcome_unknown' }) : row
  )
  const broken = await storeWith(rows)
  const ran = await run(['verify', '--json'], { env: { GATEWAY_STORE_URL: broken.url } })
  expect(ran.exit).toBe(1)
  expect(ran.error).toContain(`writer ${first} seq 5: edited`)
  expect(JSON.parse(ran.out)).toMatchObject({
    whole: false,
    faults: [{ kind: 'edited', writer: first, seq: 5, place: 'entry 7' }]
  })
})

test('every ledger command exits 2 without a store, and none makes one', async ({ folder: empty }) => {
  const path = join(empty, 'data', 'gateway.db')
  for (const words of [['verify'], ['list'], ['show', 'x'], ['export'], ['head']]) {
    const ran = await run(words, { env: { GATEWAY_STORE_URL: `sqlite:${path}` } })
    expect(ran).toEqual({ exit: 2, out: '', error: `there is no store at ${path}` })
  }
  expect(existsSync(join(empty, 'data'))).toBe(false)
  writeFileSync(join(empty, 'text.db'), 'this is no database, whatever its name says. '.repeat(100))
  const ran = await run(['verify'], { env: { GATEWAY_STORE_URL: `sqlite:${join(empty, 'text.db')}` } })
  expect(ran).toMatchObject({ exit: 2 })
})

test('verify of unreadable files and invalid heads exits 2', async () => {
  const missing = join(folder, 'missing')
  expect(await run(['verify', '--file', missing])).toMatchObject({
    exit: 2,
    error: `${missing} cannot be read (ENOENT)`
  })
  expect(await run(['verify', '--file', folder])).toMatchObject({
    exit: 2,
    error: `${folder} cannot be read (EISDIR)`
  })
  expect(await run(['verify', '--head', missing])).toMatchObject({ exit: 2 })
  const heads = join(folder, 'no-heads.json')
  for (const text of ['', '{}', '{"heads":[{"writer":"x"}]}', 'null']) {
    writeFileSync(heads, text)
    expect(await run(['verify', '--head', heads])).toMatchObject({ exit: 2 })
  }
})

test('list prints a page for programs and a table within 100 columns for people', async ({ storeWith }) => {
  const page = JSON.parse((await run(['list', '--json', '--limit', '3'])).out) as {
    items: unknown[]
    next: string
  }
  expect(page.items).toHaveLength(3)
  const rest = JSON.parse((await run(['list', '--json', '--cursor', page.next])).out) as {
    items: unknown[]
    next: null
  }
  expect(rest).toMatchObject({ next: null })
  expect(rest.items).toHaveLength(11)
  const long = sampleLedger().add(
    first,
    callEntry('call.outcome', 99, {
      code: 'upstream_credential_rejected',
      tenant: 'a-tenant-with-a-very-long-name'
    })
  )
  const opened = await storeWith(long.rows)
  const { out } = await run(['list', '--limit', '5'], { env: { GATEWAY_STORE_URL: opened.url } })
  expect(Math.max(...out.split('\n').map(line => line.length))).toBeLessThanOrEqual(100)
  expect(out).toContain(requestId(99))
  expect(out).toContain('--cursor')
})

test('list and show have a column for why callers were not admitted only where some were not', async ({
  storeWith
}) => {
  const refused = { kind: 'call.rejected', status: 401, code: 'credentials_invalid', tenant: 'acme' } as const
  const at = '2026-11-24T06:02:00.000Z'
  const rows = sampleLedger().add(first, { ...refused, at, request_id: requestId(50), reason: 'revoked' })
  const opened = await storeWith(rows.rows)
  const env = { GATEWAY_STORE_URL: opened.url }
  const listed = (await run(['list'], { env })).out.split('\n')
  expect(listed[0]).toMatch(/REQUEST +REASON$/)
  expect(listed[1]).toMatch(new RegExp(`${requestId(50)} +revoked$`))
  expect(listed[2]).toMatch(/ -$/)
  expect((await run(['show', requestId(50)], { env })).out).toMatch(/credentials_invalid +revoked +401/)
  expect((await run(['list', '--tenant', 'acme', '--code', refused.code, '--json'], { env })).out).toContain(
    '"reason":"revoked"'
  )
  for (const words of [['list'], ['show', requestId(5)]])
    expect((await run(words)).out).not.toContain('REASON')
})

test('list shows which limit refused a call, and the whole code beside it', async ({ storeWith }) => {
  const refused = { kind: 'call.rejected', tenant: 'acme', at: '2026-11-24T06:02:00.000Z' } as const
  const rows = sampleLedger()
    .add(first, { ...refused, code: 'upstream_busy', request_id: requestId(50), limit: 'credential_budget' })
    .add(first, { ...refused, code: 'credentials_invalid', request_id: requestId(51), reason: 'revoked' })
  const opened = await storeWith(rows.rows)
  const listed = (await run(['list', '--limit', '2'], { env: { GATEWAY_STORE_URL: opened.url } })).out
  expect(listed).toMatch(/ rejected: credentials_invalid +acme +\S+ +revoked$/m)
  expect(listed).toMatch(/ rejected: upstream_busy +acme +\S+ +credential_budget$/m)
})

test('list filters by every option', async () => {
  const counts = [
    [['--tenant', 'acme'], 6],
    [['--key', 'key1'], 4],
    [['--connector', '019a9612-bfad-758c-884e-37dd8c6ad2cb'], 12],
    [['--kind', 'writer.opened'], 2],
    [['--code', 'accepted'], 6],
    [['--outcome', 'accepted'], 6],
    [['--outcome', 'failed'], 0],
    [['--request-id', requestId(3)], 2],
    [['--since', '2026-11-24T06:00:05Z', '--until', '2026-11-24T06:00:06Z'], 2],
    [['--until', '2026-11-24'], 0]
  ] as const
  for (const [words, count] of counts) {
    const { out } = await run(['list', '--json', ...words])
    expect([words, (JSON.parse(out) as { items: unknown[] }).items.length]).toEqual([words, count])
  }
  for (const words of [
    ['--since', 'yesterday'],
    ['--since', 'never'],
    ['--limit', '0'],
    ['--cursor', 'x'],
    ['--cursor', '1e3']
  ])
    expect(await run(['list', ...words])).toMatchObject({ exit: 2, out: '' })
})

test('show prints all entries of one request, and exits 1 when there are none', async () => {
  const { out } = await run(['show', requestId(5)])
  expect(out).toMatch(/tenant +globex/)
  expect(out).toMatch(/call\.intent[\s\S]*call\.outcome +1 +accepted +200 +200 +12/)
  expect(Math.max(...out.split('\n').map(line => line.length))).toBeLessThanOrEqual(100)
  const json = JSON.parse((await run(['show', requestId(5), '--json'])).out) as { items: unknown[] }
  expect(json.items).toHaveLength(2)
  expect(await run(['show', requestId(77)])).toMatchObject({ exit: 1, out: '' })
})

test('show says why a call failed', async ({ storeWith }) => {
  const busy = { code: 'upstream_busy', status: 503, limit: 'upstream', upstream_status: 429 } as const
  const away = { code: 'upstream_unreachable', status: 502, cause: 'tls_authority' } as const
  const rows = new RowsBuilder()
    .open(first)
    .add(first, callEntry('call.intent', 1))
    .add(first, callEntry('call.outcome', 1, busy))
    .add(first, callEntry('call.intent', 2))
    .add(first, callEntry('call.outcome', 2, away))
  const opened = await storeWith(rows.rows)
  const env = { GATEWAY_STORE_URL: opened.url }
  const shown = [await run(['show', requestId(1)], { env }), await run(['show', requestId(2)], { env })]
  expect(shown[0]?.out).toMatch(/^limit +upstream$/m)
  expect(shown[1]?.out).toMatch(/^cause +tls_authority$/m)
})

test('export continues after an entry, and refuses one that does not exist', async () => {
  const whole = (await run(['export'])).out
  const rest = (await run(['export', '--after', `${second}:6`])).out
  expect(rest.trimEnd().split('\n')).toHaveLength(1)
  expect(whole.endsWith(rest)).toBe(true)
  expect((await run(['export', '--after', `${second}:7`])).out).toBe('')
  expect(await run(['export', '--after', `${second}:8`])).toMatchObject({ exit: 1, out: '' })
  expect(await run(['export', '--after', 'x'])).toMatchObject({ exit: 2, out: '' })
})

test.each([
  [['verify'], 'checked'],
  [['export'], 'exported']
])('%s shows its progress on a terminal, and nothing in a pipe', async (words, step) => {
  for (const isTTY of [true, false]) {
    const shown: string[] = []
    const stderr = new Writable({
      write(chunk, _encoding, done) {
        shown.push(String(chunk))
        done()
      }
    })
    await run(words, { stderr: Object.assign(stderr, { isTTY }) })
    expect(shown.join('')).toMatch(isTTY ? new RegExp(`${step} \\d+ entries…`) : /^$/)
  }
})

test('an export whose reader leaves ends quietly', async () => {
  const stdout = new Writable({
    write(_chunk, _encoding, done) {
      done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
    }
  })
  expect(await run(['export'], { stdout })).toMatchObject({ exit: 0, error: '' })
})
