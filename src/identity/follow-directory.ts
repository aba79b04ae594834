import { withDeadline } from '../store/deadline.ts'
import type { EventPublisher } from '../telemetry/events.ts'
import type { DirectoryChanges, DirectorySnapshot, TenantPage } from '../tenants/directory-rows.ts'
import type { Directory } from './directory.ts'

/** The store's side of the directory, on the store's thread. */
export type DirectoryJobs = {
  call(job: 'tenantsAfter', name: string): Promise<TenantPage>
  call(job: 'changes', lastChange: number): Promise<DirectoryChanges | null>
  call(job: 'writeKeyUses', uses: ReadonlyMap<string, number>): Promise<void>
}

/** Fills the directory from the snapshot's page and the pages after it. */
export async function loadDirectory(
  directory: Directory,
  snapshot: DirectorySnapshot,
  store: DirectoryJobs
): Promise<void> {
  for (let page: TenantPage = snapshot; ; page = await store.call('tenantsAfter', page.next)) {
    directory.load(page)
    if (page.next === null) return
  }
}

/** A directory that is kept up to date. */
export type Following = {
  /** Whether the store could not tell the last time. */
  isStale(): boolean
  /** Resolves when the directory holds all changes made so far, or the store could not tell. Never rejects. */
  refresh(): Promise<void>
  /** Writes the last uses and stops. */
  stop(): Promise<void>
}

/** Changes by other processes take effect well within a second. */
const pollMs = 250
/** How long a change that was read waits for credentials: a command may give them, and take ten seconds. */
const longestWaitMs = 500
/** Uses of keys are written down this often: they inform people and decide nothing. */
const writeUsesMs = 5_000

/**
 * Keeps the directory up to date with the store, and the store with the uses of keys. A store that fails is tried
 * again: meanwhile the ledger refuses calls anyway. Changes that were read take effect after `settle`, within its bound: it
 * reads the credentials that tenants may have got in the same transaction.
 */
export function followDirectory(
  directory: Directory,
  lastChange: number,
  store: DirectoryJobs,
  events: EventPublisher,
  settle: () => Promise<void> = async () => {}
): Following {
  let seen = lastChange
  let polling: Promise<void> | null = null
  let stale = false

  function poll(): Promise<void> {
    polling ??= read().finally(() => {
      polling = null
    })
    return polling
  }

  async function read(): Promise<void> {
    try {
      const changes = await store.call('changes', seen)
      if (changes) {
        // A tenant whose credential is late is answered `sealed` meanwhile; one whose key was revoked must not be let in.
        await withDeadline(settle(), longestWaitMs).catch(() => {})
        directory.apply(changes)
        seen = changes.lastChange
      }
      stale = false
    } catch (err) {
      stale = true
      events.publish('directory.not_read', { err })
    }
  }

  async function writeUses(): Promise<void> {
    const uses = directory.takeUses()
    if (uses.size === 0) return
    try {
      await store.call('writeKeyUses', uses)
    } catch (err) {
      events.publish('key_uses.not_written', { err })
    }
  }

  const timers = [setInterval(poll, pollMs), setInterval(writeUses, writeUsesMs)]
  return {
    isStale: () => stale,
    async refresh() {
      // One that is under way may have read before the change that the caller knows of.
      await polling
      await poll()
    },
    async stop() {
      for (const timer of timers) clearInterval(timer)
      await writeUses()
    }
  }
}
