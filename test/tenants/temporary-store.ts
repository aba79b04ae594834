import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect } from 'vitest'
import { chainHash, genesis } from '../../src/ledger/entry/chain.ts'
import type { ChainedEntry } from '../../src/ledger/entry/entry.ts'
import { openStore, type Store } from '../../src/store/store.ts'
import { apiKeyPepper } from '../../src/tenants/keys/api-key.ts'
import type { Administration } from '../../src/tenants/transaction.ts'

/** A pepper that is the same in every test. */
export const pepper = apiKeyPepper({ derive: () => Buffer.alloc(32, 7) })

/** A store of its own for one test, with a clock that the test turns. */
export type TemporaryStore = { store: Store; administration: Administration; at(time: string): void }

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})

/** Opens an empty store in a new folder; both are gone after the test. */
export async function temporaryStore(): Promise<TemporaryStore> {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-tenants-'))
  const store = await openStore(`sqlite:${join(folder, 'gateway.db')}`)
  cleanups.push(() => {
    store.close()
    rmSync(folder, { recursive: true })
  })
  let now = new Date('2026-01-01T00:00:00Z')
  return {
    store,
    administration: {
      store,
      administrator: { actor: 'cli:tester', role: 'cli', version: '0.0.0', pid: 1 },
      clock: () => now
    },
    at(time) {
      now = new Date(time)
    }
  }
}

/** The `admin.*` entries of the ledger in order, after checking every chain's numbers and hashes. */
export function adminEntries({ raw }: Store): ChainedEntry[] {
  const rows = raw.prepare('SELECT entry, lower(hex(hash)) AS hash FROM ledger ORDER BY id').all()
  const heads = new Map<string, { seq: number; hash: string }>()
  const entries = rows.map(row => {
    const text = String(row['entry'])
    const entry = JSON.parse(text) as ChainedEntry
    const before = heads.get(entry.writer) ?? { seq: 0, hash: genesis }
    expect({ seq: entry.seq, prev: entry.prev }).toEqual({ seq: before.seq + 1, prev: before.hash })
    expect(row['hash']).toBe(chainHash(entry.prev, text))
    heads.set(entry.writer, { seq: entry.seq, hash: String(row['hash']) })
    return entry
  })
  return entries.filter(entry => entry.kind.startsWith('admin.'))
}

/** How many notices of change running gateways would find. */
export function changeCount({ raw }: Store): number {
  return Number(raw.prepare('SELECT count(*) AS n FROM directory_change').get()?.['n'])
}
