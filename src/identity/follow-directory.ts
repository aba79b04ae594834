import { withDeadline } from '../store/deadline.ts'
import type { EventPublisher } from '../telemetry/events.ts'
import type { DirectoryChanges, TenantPage } from '../tenants/directory-rows.ts'
import type { Directory } from './directory.ts'
import { type Following, followStore } from './follow-store.ts'

export type DirectoryJobs = {
  call(job: 'tenantsAfter', name: string): Promise<TenantPage>
  call(job: 'changes', lastChange: number): Promise<DirectoryChanges | null>
  call(job: 'writeKeyUses', uses: ReadonlyMap<string, number>): Promise<void>
}

/** How long changes wait for credentials, whose command may take ten seconds. */
const longestWaitMs = 500
/** Uses of keys only inform people. */
const writeUsesMs = 5_000

/**
 * Keeps the directory up to date with the store, and the store with the uses of keys; `stop` writes the last ones. Changes take
 * effect after `settle`, within its bound: it reads the credentials of the same transaction.
 */
export function followDirectory(
  directory: Directory,
  lastChange: number,
  store: DirectoryJobs,
  events: EventPublisher,
  settle: () => Promise<void> = async () => {}
): Omit<Following, 'stop'> & { stop(): Promise<void> } {
  let seen = lastChange

  async function readChanges(): Promise<void> {
    const changes = await store.call('changes', seen)
    if (!changes) return
    // A tenant whose credential is late gets `sealed`; a revoked key must not be accepted meanwhile.
    await withDeadline(settle(), longestWaitMs).catch(() => {})
    directory.apply(changes)
    seen = changes.lastChange
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

  const following = followStore(readChanges, err => events.publish('directory.not_read', { err }))
  const timer = setInterval(writeUses, writeUsesMs)
  return {
    ...following,
    async stop() {
      following.stop()
      clearInterval(timer)
      await writeUses()
    }
  }
}
