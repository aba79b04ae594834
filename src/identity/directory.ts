import type { DirectoryChanges, TenantPage, TenantRow } from '../tenants/directory-rows.ts'
import type { Pepper } from '../tenants/keys/api-key.ts'
import { type Tenant, tenantIn } from '../tenants/tenant.ts'
import { type AuthenticationAttempt, failAttempt, keyRejection } from './authentication-failure.ts'
import { KeyRing, type KnownKey } from './key-ring.ts'

/** An enabled tenant, and the key that it used. */
export type Caller = { readonly tenant: Tenant; readonly keyId: string }

/** A tenant, and its keys' handles in the ring. */
type KnownTenant = { readonly tenant: Tenant; readonly keys: readonly string[] }

type TenantKey = KnownKey & { readonly tenant: Tenant }

/** All tenants, their keys, and the last revoked keys, in memory: admitting and rejecting requests needs no I/O. */
export class Directory {
  readonly #keys: KeyRing<TenantKey>
  readonly #tenants = new Map<string, KnownTenant>()
  #uses = new Map<string, number>()

  constructor(pepper: Pepper) {
    this.#keys = new KeyRing(pepper, 'cgw')
  }

  /** How many tenants are known, disabled ones too. */
  get size(): number {
    return this.#tenants.size
  }

  /** A tenant by its name, a disabled one too. */
  tenantNamed(name: string): Tenant | undefined {
    return this.#tenants.get(name)?.tenant
  }

  /** The caller behind a key at `now` (milliseconds since 1970), or null. Wrong keys cost the same, whatever is wrong with them. */
  authenticate(key: string, now: number, attempt?: AuthenticationAttempt): Caller | null {
    const known = this.#keys.find(key, attempt)
    if (known === null) return null
    const { id, tenant } = known
    // In the order in which `key list` shows states.
    const reason = keyRejection(known, now) ?? (tenant.disabled ? 'tenant_disabled' : null)
    if (reason !== null) return failAttempt(attempt, { reason, tenant: tenant.name, keyId: id })
    this.#uses.set(id, now)
    return { tenant, keyId: id }
  }

  /** The enabled tenant of this name, for callers with another proof than a key, which `keyId` names; else null. */
  find(name: string, attempt?: AuthenticationAttempt, keyId?: string): Tenant | null {
    const tenant = this.tenantNamed(name)
    if (tenant !== undefined && !tenant.disabled) return tenant
    const proof = keyId === undefined ? {} : { keyId }
    if (tenant === undefined) return failAttempt(attempt, { reason: 'unknown', ...proof })
    return failAttempt(attempt, { reason: 'tenant_disabled', tenant: name, ...proof })
  }

  /** Adds a page of new tenants. */
  load({ tenants }: Pick<TenantPage, 'tenants'>): void {
    for (const row of tenants) this.#add(row)
  }

  /** Replaces the tenants that changed; the others keep their objects. */
  apply(changes: DirectoryChanges): void {
    for (const name of changes.changed) this.#forget(name)
    for (const row of changes.tenants) this.#add(row)
  }

  /** The keys used since the last call, each with its latest use in milliseconds since 1970. */
  takeUses(): ReadonlyMap<string, number> {
    const uses = this.#uses
    this.#uses = new Map()
    return uses
  }

  #add(row: TenantRow): void {
    const tenant = tenantIn(row)
    const keys = row.keys.map(({ id, digest, expiresAtMs, revoked = false }) =>
      this.#keys.add({ id, tenant, expiresAtMs, revoked }, digest)
    )
    this.#tenants.set(row.name, { tenant, keys })
  }

  #forget(name: string): void {
    for (const key of this.#tenants.get(name)?.keys ?? []) this.#keys.remove(key)
    this.#tenants.delete(name)
  }
}
