import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect } from 'vitest'
import type { CommandLine } from '../../support/cli/command-line.ts'
import { test } from '../../support/fixtures/test.ts'

const key = { BIGDATA_API_KEY: 'bd_v2_canary' }

/** Every file below a folder: its mode, when it was written, and what it holds. */
function filesIn(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()
  return Object.fromEntries(
    names.map(name => {
      const path = join(folder, name)
      const { mode, mtimeMs } = statSync(path)
      const content = statSync(path).isFile()
        ? createHash('sha256').update(readFileSync(path)).digest('hex')
        : ''
      return [name, `${mode.toString(8)} ${mtimeMs} ${content}`]
    })
  )
}

async function prepareStore(cli: CommandLine): Promise<void> {
  await cli.json('tenant', 'create', 'acme')
  await cli.json('key', 'issue', 'acme')
}

describe('check leaves everything as it is:', () => {
  test('a mistyped path gets neither a folder nor a store, and a warning', async ({ cli }) => {
    await prepareStore(cli)
    const before = filesIn(cli.folder)
    for (const [path, makes] of [
      ['typo/gateway.db', 'makes its folder and an empty one'],
      ['data/typo.db', 'makes an empty one']
    ]) {
      const { code, stdout } = await cli.run(['check', '--json'], {
        ...key,
        GATEWAY_STORE_URL: `sqlite:${path}`
      })
      const { store, warnings } = JSON.parse(stdout) as { store: unknown; warnings: string[] }
      expect({ code, store }).toEqual({
        code: 0,
        store: {
          path: expect.stringMatching(new RegExp(`^/.*/${path}$`)),
          state: 'absent',
          tenants: 0,
          keys: 0
        }
      })
      expect(warnings).toEqual([
        expect.stringMatching(
          new RegExp(
            `^GATEWAY_STORE_URL: there is no store at /.*/${path}: the first start ${makes}; if there should be one, ` +
              'the path is mistyped \\(environment\\)$'
          )
        )
      ])
    }
    expect(filesIn(cli.folder)).toEqual(before)
    const people = await cli.run(['check'], { ...key, GATEWAY_STORE_URL: 'sqlite:data/typo.db' })
    expect(people.stdout).toMatch(/\nAll checks passed, with warnings\.\n$/)
  })

  test('a closed store gets no log, no index and no other mode', async ({ cli }) => {
    await prepareStore(cli)
    const before = filesIn(cli.folder)
    const checked = await cli.run(['check', '--json'], key)
    expect(JSON.parse(checked.stdout)).toMatchObject({ store: { state: 'ready', tenants: 1, keys: 1 } })
    expect(filesIn(cli.folder)).toEqual(before)
  })

  test('a store of an earlier version is not migrated, and what it has is checked', async ({ cli }) => {
    await prepareStore(cli)
    const store = new DatabaseSync(cli.storePath)
    const newest = store.prepare('SELECT max(name) AS name FROM kysely_migration').get()?.['name']
    store.prepare('DELETE FROM kysely_migration WHERE name = ?').run(String(newest))
    store.exec('DROP TABLE admin_key')
    store.close()
    const before = filesIn(cli.folder)
    const checked = await cli.run(['check', '--json'], key)
    const { store: seen, warnings } = JSON.parse(checked.stdout) as { store: unknown; warnings: string[] }
    expect(seen).toMatchObject({ state: 'earlier', tenants: 1, keys: 1 })
    expect(warnings).toEqual([
      expect.stringMatching(
        /^GATEWAY_STORE_URL: the store .* is of an earlier version: the next start brings it up to date$/
      )
    ])
    expect(filesIn(cli.folder)).toEqual(before)
  })

  test('an empty file is no store yet', async ({ cli }) => {
    mkdirSync(join(cli.folder, 'data'))
    writeFileSync(cli.storePath, '')
    const before = filesIn(cli.folder)
    const checked = await cli.run(['check', '--json'], key)
    expect(JSON.parse(checked.stdout)).toMatchObject({ store: { state: 'absent' }, warnings: [] })
    expect(filesIn(cli.folder)).toEqual(before)
  })

  test('beside a running gateway check reads the log of the store', async ({ cli, startGateway }) => {
    const gateway = await startGateway()
    await gateway.addTenant({ name: 'beta' })
    const checked = await cli.run(['check', '--json'], {
      ...key,
      GATEWAY_STORE_URL: `sqlite:${join(gateway.folder, 'gateway.db')}`,
      GATEWAY_MASTER_KEY: `file:${join(gateway.folder, 'master.key')}`,
      GATEWAY_UPSTREAM_ORIGIN: gateway.sandbox.origin
    })
    expect(JSON.parse(checked.stdout)).toMatchObject({ store: { state: 'ready', tenants: 2, keys: 2 } })
  })
})

describe('a store that cannot be opened or made is a fault, in the words of serve:', () => {
  test.for([
    ['a folder', 'sqlite:folder', 'it is a folder'],
    ['a path below a file', 'sqlite:file/gateway.db', 'file is no folder'],
    ['no database', 'sqlite:file', 'file is not a database']
  ] as const)('%s', async ([_what, url, why], { cli }) => {
    mkdirSync(join(cli.folder, 'folder'))
    writeFileSync(join(cli.folder, 'file'), 'this is no database '.repeat(100))
    const before = filesIn(cli.folder)
    const checked = await cli.run(['check'], { ...key, GATEWAY_STORE_URL: url })
    expect(checked).toMatchObject({ code: 2, stdout: '' })
    expect(checked.stderr).toMatch(/^connector-gateway: GATEWAY_STORE_URL: cannot open the store \/[^\n]*\n$/)
    expect(checked.stderr).toContain(`${why} (environment)`)
    const served = await cli.run(['tenant', 'list'], { GATEWAY_STORE_URL: url })
    const [, sentence = ''] = /GATEWAY_STORE_URL: (.*) \(environment\)\n$/.exec(checked.stderr) ?? []
    expect(served).toMatchObject({ code: 2, stderr: `connector-gateway: ${sentence}\n` })
    expect(filesIn(cli.folder)).toEqual(before)
  })
})
