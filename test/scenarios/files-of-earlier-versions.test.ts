import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { gunzipSync } from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'
import { loadConfig } from '../../src/config/config.ts'
import { startGateway } from '../../src/gateway.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { newestMigration } from '../../src/store/sqlite/migrations.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { runHere } from '../support/cli/command-here.ts'
import { rawRequest } from '../support/http/raw-connection.ts'
import { syncBytes } from '../support/http/request-bytes.ts'

const made = new URL('../fixtures/earlier-version/', import.meta.url)
const upstreamKey = 'bd_v2_sandbox_0000000000000000000000000000'

/** The files in a folder of their own, the store unpacked, and commands that are run in it. */
function earlierFiles() {
  const folder = mkdtempSync(join(tmpdir(), 'earlier-version-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  cpSync(made, folder, { recursive: true })
  // A checkout keeps no modes of files.
  chmodSync(join(folder, 'master.key'), 0o600)
  const path = join(folder, 'gateway.db')
  writeFileSync(path, gunzipSync(readFileSync(`${path}.gz`)), { mode: 0o600 })
  const env = { UPSTREAM_KEY: upstreamKey }
  const run = (...words: string[]) => runHere(words, { folder, env })
  return {
    folder,
    path,
    env,
    run,
    member: (file: string, name: string) => memberOf(join(folder, file), name)
  }
}

function memberOf(path: string, name: string): string {
  return String(JSON.parse(readFileSync(path, 'utf8'))[name])
}

const verifications = [
  ['ledger', 'verify', '--head', 'heads.json', '--public-key', 'ledger.pem'],
  [
    'ledger',
    'verify',
    '--archive',
    'archive.ndjson.gz',
    '--head',
    'heads.json',
    '--public-key',
    'ledger.pem'
  ],
  ['ledger', 'verify', '--file', 'whole.ndjson', '--public-key', 'ledger.pem'],
  ['ledger', 'verify', '--file', 'rest.ndjson', '--head', 'heads.json', '--public-key', 'ledger.pem'],
  ['ledger', 'verify', '--file', 'archive.ndjson.gz', '--file', 'rest.ndjson', '--head', 'heads.json']
]

test('ledger, exports, archive and state file are whole to what only reads, and the store is left as it is', async () => {
  const { path, run } = earlierFiles()
  const before = readFileSync(path)
  for (const words of verifications)
    expect({ words, ...(await run(...words)) }).toMatchObject({ words, code: 0, stderr: '' })
  const dryRun = await run('apply', '-f', 'state.yaml', '--dry-run', '--prune', '--json')
  expect(JSON.parse(dryRun.stdout)).toMatchObject({ changed: false, summary: { unchanged: 5 } })
  expect((await run('export')).stdout).toBe(readFileSync(new URL('state.yaml', made), 'utf8'))
  expect(readFileSync(path).equals(before)).toBe(true)
})

test('the store is migrated by the first command that writes, and the state file applies', async () => {
  const { path, run } = earlierFiles()
  const applied = await run('apply', '-f', 'state.yaml', '--prune', '--no-proof', '--json')
  expect(applied).toMatchObject({ code: 0, stderr: '' })
  expect(JSON.parse(applied.stdout)).toMatchObject({ changed: false })
  const raw = new DatabaseSync(path, { readOnly: true })
  const migrated = raw.prepare('SELECT 1 FROM kysely_migration WHERE name = ?').get(newestMigration)
  raw.close()
  expect(migrated).toBeDefined()
  writeFileSync(
    join(path, '../state.yaml'),
    readFileSync(join(path, '../state.yaml'), 'utf8').replace('burst: 25', 'burst: 26')
  )
  const changed = await run('apply', '-f', 'state.yaml', '--no-proof', '--json')
  expect(JSON.parse(changed.stdout)).toMatchObject({ summary: { change: 1 } })
  for (const words of verifications)
    expect({ words, ...(await run(...words)) }).toMatchObject({ words, code: 0 })
})

test('a key that an earlier version rotated is not rotated again, and its successor is', async () => {
  const { run, member } = earlierFiles()
  const { replaces, key_id } = JSON.parse(readFileSync(new URL('rotated.json', made), 'utf8'))
  const refused = await run('key', 'rotate', replaces.key_id)
  expect(refused).toMatchObject({ code: 1, stdout: '' })
  expect(refused.stderr).toMatch(new RegExp(`rotate ${key_id}, which took its place\n$`))
  expect(await run('key', 'rotate', key_id)).toMatchObject({ code: 0 })
  expect(await run('key', 'rotate', member('acme.json', 'key_id'))).toMatchObject({ code: 0 })
})

test('a gateway takes it over: keys, grants and credentials count, calls are made, the whole chain verifies', async () => {
  const { folder, path, env, run, member } = earlierFiles()
  const sandbox = await startSandbox({ keys: [upstreamKey] })
  onTestFinished(() => sandbox.close())
  const config = loadConfig({
    ...env,
    GATEWAY_PORT: '0',
    GATEWAY_ADMIN_PORT: '0',
    GATEWAY_STORE_URL: `sqlite:${path}`,
    GATEWAY_MASTER_KEY: `file:${join(folder, 'master.key')}`,
    GATEWAY_UPSTREAM_ORIGIN: sandbox.origin,
    GATEWAY_UPSTREAM_KEY: 'env:UPSTREAM_KEY'
  })
  const logger = createLogger('fatal', { write: () => {} })
  const gateway = await startGateway(config, { env: { ...process.env, ...env }, logger, pid: process.pid })
  try {
    const { port } = new URL(gateway.url)
    const connectorId = sandbox.connectors.find(({ type }) => type === 'sharepoint')?.connector_id ?? ''
    const sync = async (key: string) =>
      (await rawRequest(Number(port), syncBytes({ key, connectorId })))[0]?.status
    expect(await sync(member('acme.json', 'key'))).toBe(200)
    expect(await sync(member('globex.json', 'key'))).toBe(404)
  } finally {
    await gateway.close()
  }
  for (const words of verifications)
    expect({ words, ...(await run(...words)) }).toMatchObject({ words, code: 0, stderr: '' })
  const calls = JSON.parse((await run('ledger', 'list', '--kind', 'call.*', '--json')).stdout)
  expect(calls.items.slice(0, 3)).toMatchObject([
    { kind: 'call.rejected', tenant: 'globex', code: 'connector_not_found' },
    { kind: 'call.outcome', tenant: 'acme', code: 'accepted', credential: 'default@1' },
    { kind: 'call.intent', tenant: 'acme' }
  ])
  const changes = JSON.parse((await run('ledger', 'list', '--kind', 'admin.*', '--json')).stdout)
  expect(changes.items).toContainEqual(expect.not.objectContaining({ after: expect.anything() }))
})
