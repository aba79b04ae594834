import type { EventPublisher } from '../telemetry/events.ts'
import type { DirectorySnapshot } from '../tenants/directory-rows.ts'
import type { AdminKeyRows } from '../tenants/keys/admin-key-rows.ts'
import type { Pepper } from '../tenants/keys/api-key.ts'
import { AdminKeyDirectory } from './admin-key-directory.ts'
import { Directory } from './directory.ts'
import { type DirectoryJobs, followDirectory } from './follow-directory.ts'
import { type Following, followStore } from './follow-store.ts'

/** Principals in a store at its opening, and the peppers of their keys. */
export type StoredPrincipals = {
  readonly snapshot: DirectorySnapshot
  readonly pepper: Pepper
  readonly adminKeys: AdminKeyRows
  readonly adminPepper: Pepper
}

type PrincipalJobs = DirectoryJobs & {
  call(job: 'adminKeys', known: number): Promise<AdminKeyRows | null>
}

type Opened = {
  readonly directory: Directory
  readonly adminKeys: AdminKeyDirectory
  readonly tenants: ReturnType<typeof followDirectory>
  readonly administrators: Following
}

/** The tenants and administrators in the store; none before it is unsealed. */
export class Principals {
  readonly #store: PrincipalJobs
  readonly #events: EventPublisher
  readonly #settle: () => Promise<void>
  #opened: Opened | null = null

  /** `settle` reads the credentials again, which must arrive before the tenants that use them. */
  constructor(store: PrincipalJobs, events: EventPublisher, settle: () => Promise<void>) {
    this.#store = store
    this.#settle = settle
    this.#events = events
  }

  readonly tenants: Pick<Directory, 'authenticate' | 'find' | 'tenantNamed'> = {
    authenticate: (key, now, attempt) => this.#opened?.directory.authenticate(key, now, attempt) ?? null,
    find: (name, attempt, keyId) => this.#opened?.directory.find(name, attempt, keyId) ?? null,
    tenantNamed: name => this.#opened?.directory.tenantNamed(name)
  }

  readonly administrators: Pick<AdminKeyDirectory, 'authenticate'> = {
    authenticate: (key, now, attempt) => this.#opened?.adminKeys.authenticate(key, now, attempt) ?? null
  }

  /** Loads all principals, and follows their changes. After an error of the store none are known. */
  async open({ pepper, adminPepper, snapshot, adminKeys: rows }: StoredPrincipals): Promise<void> {
    const store = this.#store
    const directory = new Directory(pepper)
    directory.load(snapshot)
    for (let { next } = snapshot; next !== null; ) {
      const page = await store.call('tenantsAfter', next)
      directory.load(page)
      next = page.next
    }
    const adminKeys = new AdminKeyDirectory(adminPepper)
    adminKeys.load(rows)
    this.#opened = {
      directory,
      adminKeys,
      tenants: followDirectory(directory, snapshot.lastChange, store, this.#events, this.#settle),
      // While the store fails, a revoked key can change nothing: changes need the store too.
      administrators: followStore(
        async () => {
          const changed = await store.call('adminKeys', adminKeys.version)
          if (changed) adminKeys.load(changed)
        },
        err => this.#events.publish('admin_keys.not_read', { err })
      )
    }
  }

  /** Whether changes of tenants or administrators cannot be read. */
  get areStale(): boolean {
    return this.#opened !== null && (this.#opened.tenants.isStale() || this.#opened.administrators.isStale())
  }

  /** Resolves when all changes of tenants made so far are known, or could not be read. Never rejects. */
  async refresh(): Promise<void> {
    await this.#opened?.tenants.refresh()
  }

  /** Writes the last uses of keys, and stops following. */
  async close(): Promise<void> {
    this.#opened?.administrators.stop()
    await this.#opened?.tenants.stop()
  }
}
