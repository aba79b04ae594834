import type { EventPublisher } from '../telemetry/events.ts'
import type { AdminKeyRows } from '../tenants/keys/admin-key-rows.ts'
import type { AdminKeyDirectory } from './admin-key-directory.ts'
import type { Following } from './follow-directory.ts'

/** Changes by other processes take effect well within a second. */
const pollMs = 250

/** The store's side of the admin keys, on the store's thread. */
export type AdminKeyJobs = { call(job: 'adminKeys', known: number): Promise<AdminKeyRows | null> }

/**
 * Keeps the admin keys up to date with the store. A store that fails is tried again: meanwhile nothing can be changed with a
 * key that was revoked, as changes need the store too.
 */
export function followAdminKeys(
  directory: AdminKeyDirectory,
  store: AdminKeyJobs,
  events: EventPublisher
): Pick<Following, 'isStale'> & { stop(): void } {
  let polling = false
  let stale = false

  async function poll(): Promise<void> {
    if (polling) return
    polling = true
    try {
      const rows = await store.call('adminKeys', directory.version)
      if (rows) directory.load(rows)
      stale = false
    } catch (err) {
      stale = true
      events.publish('admin_keys.not_read', { err })
    } finally {
      polling = false
    }
  }

  const timer = setInterval(poll, pollMs)
  return { isStale: () => stale, stop: () => clearInterval(timer) }
}
