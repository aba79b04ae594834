import { hash, timingSafeEqual } from 'node:crypto'
import { digestSecret, idIn, type Pepper, parseApiKey } from './api-key.ts'
import type { DirectoryChanges, DirectorySnapshot, KeyRow, TenantRow } from './directory-rows.ts'
import { defaultTenantLimits } from './tenant-limits.ts'

/**
 * A tenant as requests see it. Never changed, only replaced: a request keeps the tenant that it was admitted with,
 * and the next one, on the same connection too, gets the new.
 */
export type Tenant = {
  readonly name: string
  readonly ratePerMinute: number
  readonly burst: number
  readonly disabled: boolean
  /** Lower-case connector ids; `*` stands for all. Ask `mayUse` rather than this set. */
  readonly connectors: ReadonlySet<string>
}

/** Who sent a request: a live tenant, and the key that it used. */
export type Caller = { readonly tenant: Tenant; readonly keyId: string }

/** True when this connector, named by its lower-case id, is granted to the tenant. */
export function mayUse(tenant: Tenant, connectorId: string): boolean {
  return tenant.connectors.has(connectorId) || tenant.connectors.has('*')
}

type KnownKey = Pick<KeyRow, 'digest' | 'expiresAtMs'> & {
  readonly tenant: Tenant
  /** SHA-256 of the whole key, as the bytes of its hex, once it has been found genuine: a third of the work of parsing and the keyed digest. */
  proven: Uint8Array
}

const unproven = new Uint8Array(64)

/** Compared with when a key id is unknown, so that knowing an id and not knowing it take the same time. */
const nobody: KnownKey = {
  digest: new Uint8Array(32),
  proven: unproven,
  expiresAtMs: 0,
  tenant: { name: '', ratePerMinute: 0, burst: 0, disabled: true, connectors: new Set() }
}

/** Every tenant and every usable key, in memory: admitting a request does no I/O. */
export class Directory {
  readonly #pepper: Pepper
  readonly #keys = new Map<string, KnownKey>()
  readonly #tenants = new Map<string, Tenant>()
  readonly #keyIdsByTenant = new Map<string, readonly string[]>()
  #uses = new Map<string, number>()

  constructor(pepper: Pepper) {
    this.#pepper = pepper
  }

  /** How many tenants are known, disabled ones too. */
  get size(): number {
    return this.#keyIdsByTenant.size
  }

  /**
   * The caller behind a key, at the time `now` (milliseconds since 1970), or null: malformed, unknown, expired,
   * revoked and disabled are not told apart.
   */
  authenticate(key: string, now: number): Caller | null {
    const id = idIn(key)
    const known = this.#keys.get(id) ?? nobody
    const genuine = this.#isGenuine(key, known)
    const live = known.expiresAtMs === null || now < known.expiresAtMs
    if (!genuine || !live || known.tenant.disabled) return null
    this.#uses.set(id, now)
    return { tenant: known.tenant, keyId: id }
  }

  /** The live tenant of this name, for callers who have proved by other means than a key that they are it; or null. */
  find(name: string): Tenant | null {
    const tenant = this.#tenants.get(name)
    return tenant === undefined || tenant.disabled ? null : tenant
  }

  /** A wrong secret costs the same whether the key is known or not, and in use or not. */
  #isGenuine(key: string, known: KnownKey): boolean {
    // In hex, then bytes: several times as fast as asking for bytes.
    const plain = Buffer.from(hash('sha256', key, 'hex'), 'latin1')
    if (timingSafeEqual(plain, known.proven)) return true
    const parsed = parseApiKey(key)
    if (parsed === null) return false
    const genuine = timingSafeEqual(digestSecret(this.#pepper, parsed.secret), known.digest)
    if (genuine) known.proven = plain
    return genuine
  }

  /** Takes the place of all that was known before. */
  load(snapshot: DirectorySnapshot): void {
    this.#keys.clear()
    this.#tenants.clear()
    this.#keyIdsByTenant.clear()
    for (const row of snapshot.tenants) this.#add(row)
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
    const tenant: Tenant = Object.freeze({
      name: row.name,
      ratePerMinute: row.ratePerMinute ?? defaultTenantLimits.ratePerMinute,
      burst: row.burst ?? defaultTenantLimits.burst,
      disabled: row.disabled,
      connectors: new Set(row.connectors)
    })
    this.#tenants.set(row.name, tenant)
    for (const { id, digest, expiresAtMs } of row.keys)
      this.#keys.set(id, { digest, proven: unproven, expiresAtMs, tenant })
    this.#keyIdsByTenant.set(
      row.name,
      row.keys.map(key => key.id)
    )
  }

  #forget(name: string): void {
    for (const id of this.#keyIdsByTenant.get(name) ?? []) this.#keys.delete(id)
    this.#keyIdsByTenant.delete(name)
    this.#tenants.delete(name)
  }
}
