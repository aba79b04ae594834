import type { EventPublisher } from '../telemetry/events.ts'
import type { DirectorySnapshot } from '../tenants/directory-rows.ts'
import type { AdminKeyRows } from '../tenants/keys/admin-key-rows.ts'
import type { Pepper } from '../tenants/keys/api-key.ts'
import { AdminKeyDirectory } from './admin-key-directory.ts'
import { Directory } from './directory.ts'
import { type AdminKeyJobs, followAdminKeys } from './follow-admin-keys.ts'
import { type DirectoryJobs, type Following, followDirectory, loadDirectory } from './follow-directory.ts'

/** Whom the store names when it is opened, and the peppers of their keys. */
export type StoredPrincipals = {
  readonly snapshot: DirectorySnapshot
  readonly pepper: Pepper
  readonly adminKeys: AdminKeyRows
  readonly adminPepper: Pepper
}

/** Who may call: tenants and administrators, as the store names them. Nobody before it is unsealed. */
export class Principals {
  readonly #store: DirectoryJobs & AdminKeyJobs
  readonly #events: EventPublisher
  readonly #settle: () => Promise<void>
  #directory: Directory | null = null
  #adminKeys: AdminKeyDirectory | null = null
  #following: Following | null = null
  #followingAdminKeys: ReturnType<typeof followAdminKeys> | null = null

  /** `settle` reads the credentials again: tenants that are given new ones must not come before these. */
  constructor(store: DirectoryJobs & AdminKeyJobs, events: EventPublisher, settle: () => Promise<void>) {
    this.#store = store
    this.#settle = settle
    this.#events = events
  }

  readonly tenants: Pick<Directory, 'authenticate' | 'find' | 'tenantNamed'> = {
    authenticate: (key, now, applicant) => this.#directory?.authenticate(key, now, applicant) ?? null,
    find: (name, applicant, keyId) => this.#directory?.find(name, applicant, keyId) ?? null,
    tenantNamed: name => this.#directory?.tenantNamed(name)
  }

  readonly administrators: Pick<AdminKeyDirectory, 'authenticate'> = {
    authenticate: (key, now, applicant) => this.#adminKeys?.authenticate(key, now, applicant) ?? null
  }

  /** Takes in everybody, and from then on every change. Throws what the store throws; then nobody is known still. */
  async open({ pepper, adminPepper, snapshot, adminKeys }: StoredPrincipals): Promise<void> {
    const directory = new Directory(pepper)
    await loadDirectory(directory, snapshot, this.#store)
    this.#directory = directory
    const { lastChange } = snapshot
    this.#following = followDirectory(directory, lastChange, this.#store, this.#events, this.#settle)
    this.#adminKeys = new AdminKeyDirectory(adminPepper)
    this.#adminKeys.load(adminKeys)
    this.#followingAdminKeys = followAdminKeys(this.#adminKeys, this.#store, this.#events)
  }

  /** Whether changes of tenants or administrators cannot be read. */
  get areStale(): boolean {
    return [this.#following, this.#followingAdminKeys].some(following => following?.isStale())
  }

  /** Resolves when all changes of tenants made so far are known, or the store could not tell. Never rejects. */
  async refresh(): Promise<void> {
    await this.#following?.refresh()
  }

  /** Writes down the last uses of keys, and stops following. */
  async close(): Promise<void> {
    this.#followingAdminKeys?.stop()
    await this.#following?.stop()
  }
}
