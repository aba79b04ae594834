import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { noOldSqlite, openAndCloseByOldSqlite } from '../fixtures/old-sqlite.ts'
import { ScenarioClient } from './client.ts'
import type { StoreStory } from './store-story.ts'
import { within } from './wait.ts'

/** Somebody who has the store open, or opens it now and then, while something goes wrong with it. */
export type StoreReader = {
  /** Reads it. What comes of that is of no account while something is wrong. */
  read(): Promise<unknown>
  end(): Promise<unknown>
}

export type StoreReaderKind = {
  readonly name: string
  /** Why there is none here, or false. */
  readonly unavailable: string | false
  readonly begin: (story: StoreStory) => Promise<StoreReader>
}

const openAndClose = `
  const database = new (require('node:sqlite').DatabaseSync)(process.argv[1], { timeout: 5000 })
  try { database.prepare('SELECT count(*) FROM ledger_batch').get() } finally { database.close() }
`

async function nothing(): Promise<void> {}

/** A process of its own that reads on and on. */
async function beginProcess({ scenario }: StoreStory): Promise<StoreReader> {
  const words = [join(import.meta.dirname, 'reading-process.ts'), `sqlite:${scenario.storePath}`]
  const child = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'inherit'] })
  const read = async () => {
    child.stdin.write('read\n')
    await within('the other process reads', 15_000, once(child.stdout, 'data'))
  }
  await read()
  return {
    read,
    async end() {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  }
}

/** The admin API's list of tenants, by the same thread as histories. */
async function beginAdminList({ scenario, gateway }: StoreStory): Promise<StoreReader> {
  const { key } = await scenario.json<{ key: string }>('admin-key', 'issue', 'viewer', '--role', 'viewer')
  const client = new ScenarioClient(gateway.adminPort)
  const list = { method: 'GET', path: '/admin/tenants?limit=1', connectorId: '', body: '', key }
  return { read: () => client.send(list), end: async () => client.close() }
}

export const storeReaders = {
  history: {
    name: 'a history',
    unavailable: false,
    begin: async story => ({ read: () => story.history(), end: nothing })
  },
  adminList: { name: 'a list of the admin API', unavailable: false, begin: beginAdminList },
  command: { name: 'a command', unavailable: false, begin: beginProcess },
  backup: {
    name: 'a backup that opens and closes it',
    unavailable: false,
    begin: async ({ scenario }) => ({
      read: async () => {
        spawnSync(process.execPath, ['-e', openAndClose, scenario.storePath], {
          stdio: 'ignore',
          timeout: 20_000
        })
      },
      end: nothing
    })
  },
  oldBackup: {
    name: 'a backup by an older SQLite',
    unavailable: noOldSqlite,
    begin: async ({ scenario }) => ({
      read: async () => openAndCloseByOldSqlite(scenario.storePath),
      end: nothing
    })
  }
} as const satisfies Record<string, StoreReaderKind>
