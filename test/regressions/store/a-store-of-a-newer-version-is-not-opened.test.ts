import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'vitest'
import { newestMigration } from '../../../src/store/sqlite/migrations.ts'
import { test } from '../../support/fixtures/test.ts'
import { askAdmin, issueAdminKeys } from '../../support/http/admin-client.ts'
import { expectProblem } from '../../support/http/expect-problem.ts'

const later = '2099-01-01-from-tomorrow'

function migrateByNewerVersion(path: string): void {
  const raw = new DatabaseSync(path)
  raw.exec('CREATE TABLE of_tomorrow (id INTEGER PRIMARY KEY)')
  raw.prepare('INSERT INTO kysely_migration (name, timestamp) VALUES (?, ?)').run(later, '2099-01-01')
  raw.close()
}

test('every command refuses a store that a newer version has migrated, says what to do, and leaves it', async ({
  cli
}) => {
  await cli.json('tenant', 'create', 'acme')
  writeFileSync(join(cli.folder, 'state.yaml'), 'tenants: {}\ncredentials: {}\n')
  migrateByNewerVersion(cli.storePath)
  const before = readFileSync(cli.storePath)
  for (const words of [
    ['serve'],
    ['tenant', 'list'],
    ['tenant', 'create', 'globex'],
    ['key', 'issue', 'acme'],
    ['grant', 'add', 'acme', '*'],
    ['credential', 'list'],
    ['admin-key', 'list'],
    ['export'],
    ['apply', '-f', 'state.yaml'],
    ['apply', '-f', 'state.yaml', '--dry-run'],
    ['check'],
    ['ledger', 'list'],
    ['ledger', 'verify'],
    ['ledger', 'export']
  ]) {
    const { code, stderr } = await cli.run(words, {
      GATEWAY_UPSTREAM_KEY: 'env:NONE',
      GATEWAY_PORT: '0',
      GATEWAY_ADMIN_PORT: '0'
    })
    expect({ words, code }).toEqual({ words, code: 2 })
    expect(stderr).toContain(
      `this store was migrated by a newer version (migration ${later}; this program knows up to ${newestMigration}): ` +
        'run that version or a newer one, or restore the copy that was made before the upgrade'
    )
  }
  expect(readFileSync(cli.storePath).equals(before)).toBe(true)
})

test('a newer store that also lacks our last migration is refused, not migrated', async ({ cli }) => {
  await cli.json('tenant', 'create', 'acme')
  migrateByNewerVersion(cli.storePath)
  const raw = new DatabaseSync(cli.storePath)
  raw.prepare('DELETE FROM kysely_migration WHERE name = ?').run(newestMigration)
  raw.close()
  const { code, stderr } = await cli.run(['tenant', 'list'])
  expect(code).toBe(2)
  expect(stderr).toContain(`migration ${later}`)
})

test('a gateway that runs while its store is migrated goes on with calls; what it has yet to open to read is refused', async ({
  startGateway
}) => {
  const gateway = await startGateway({ prepare: issueAdminKeys })
  migrateByNewerVersion(join(gateway.folder, 'gateway.db'))
  const answer = await fetch(
    `http://127.0.0.1:${gateway.port}/connectors/${gateway.connectors.sharepoint}/sync`,
    {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
      body: '{}'
    }
  )
  expect(answer.status).toBe(200)
  expect(gateway.entries().at(-1)).toMatchObject({ kind: 'call.outcome', code: 'accepted' })
  const read = await askAdmin(gateway.adminPort, { target: '/admin/tenants', key: gateway.prepared.viewer })
  expectProblem(read, 'store_unavailable', { retryAfter: 1 })
})
