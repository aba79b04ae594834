import { hash } from 'node:crypto'
import type { Addresses } from './address-ranges.ts'
import { idStart, type Pepper, parseApiKey, secretDigester } from './api-key.ts'
import type { DirectoryChanges, TenantPage, TenantRow } from './directory-rows.ts'
import { digestBytes } from './key-digests.ts'
import { KeyTable } from './key-table.ts'
import type { KeyedDigest } from './keyed-digest.ts'
import type { Operation } from './operations.ts'
import { tenantIn } from './tenant-in-row.ts'

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
  /** What it may do. */
  readonly operations: ReadonlySet<Operation>
  /** From where it may call. */
  readonly addresses: Addresses
  /** Names of the upstream credentials that it uses, the first to be tried first; one or more. */
  readonly credentials: readonly string[]
}

/** Who sent a request: a live tenant, and the key that it used. */
export type Caller = { readonly tenant: Tenant; readonly keyId: string }

/** True when this connector, named by its lower-case id, is granted to the tenant. */
export function mayUse(tenant: Pick<Tenant, 'connectors'>, connectorId: string): boolean {
  return tenant.connectors.has(connectorId) || tenant.connectors.has('*')
}

/** A tenant and the ids of its keys. */
type KnownTenant = { readonly tenant: Tenant; readonly keyIds: readonly string[] }

type KnownKey = {
  readonly id: string
  readonly tenant: Tenant
  readonly expiresAtMs: number | null
}

/** Every tenant and every usable key, in memory: admitting a request does no I/O. */
export class Directory {
  readonly #digest: KeyedDigest
  readonly #keys = new KeyTable<KnownKey>()
  readonly #tenants = new Map<string, KnownTenant>()
  /** The plain hash of the key that is looked at, in one buffer for all. */
  readonly #plain = Buffer.alloc(digestBytes)
  #uses = new Map<string, number>()

  constructor(pepper: Pepper) {
    this.#digest = secretDigester(pepper)
  }

  /** How many tenants are known, disabled ones too. */
  get size(): number {
    return this.#tenants.size
  }

  /** A tenant by its name, a disabled one too. */
  tenantNamed(name: string): Tenant | undefined {
    return this.#tenants.get(name)?.tenant
  }

  /**
   * The caller behind a key, at the time `now` (milliseconds since 1970), or null: malformed, unknown, expired,
   * revoked and disabled are not told apart.
   */
  authenticate(key: string, now: number): Caller | null {
    const row = this.#keys.candidate(key, idStart)
    const known = this.#isGenuine(key, row) ? this.#keys.knownIn(row) : null
    if (known === null || known.tenant.disabled) return null
    if (known.expiresAtMs !== null && now >= known.expiresAtMs) return null
    // Its own text, not the part of the caller's: that would keep the whole key in memory.
    this.#uses.set(known.id, now)
    return { tenant: known.tenant, keyId: known.id }
  }

  /** The live tenant of this name, for callers who have proved by other means than a key that they are it; or null. */
  find(name: string): Tenant | null {
    const tenant = this.tenantNamed(name)
    return tenant === undefined || tenant.disabled ? null : tenant
  }

  /** A wrong secret costs the same whether the key is known or not, and in use or not. */
  #isGenuine(key: string, row: number): boolean {
    const plain = this.#plain
    // In hex, then bytes: several times as fast as asking for bytes.
    plain.write(hash('sha256', key, 'hex'), 'hex')
    if (this.#keys.isProven(row, plain)) return true
    const parsed = parseApiKey(key)
    if (parsed === null) return false
    const genuine = this.#keys.isGenuine(row, key, idStart, this.#digest(parsed.secret))
    // From then on it costs half as much: no parsing, no keyed digest.
    if (genuine) this.#keys.prove(row, plain)
    return genuine
  }

  /** Takes in a page of tenants that it does not know yet. */
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
    for (const { id, digest, expiresAtMs } of row.keys) this.#keys.add({ id, tenant, expiresAtMs }, digest)
    this.#tenants.set(row.name, { tenant, keyIds: row.keys.map(key => key.id) })
  }

  #forget(name: string): void {
    for (const id of this.#tenants.get(name)?.keyIds ?? []) this.#keys.remove(id)
    this.#tenants.delete(name)
  }
}
