import { hash } from 'node:crypto'
import type { DirectoryChanges, TenantPage, TenantRow } from '../tenants/directory-rows.ts'
import { idStart, type Pepper, parseApiKey, secretDigester } from '../tenants/keys/api-key.ts'
import type { KeyRow } from '../tenants/keys/key-row.ts'
import type { KeyedDigest } from '../tenants/keys/keyed-digest.ts'
import { type Tenant, tenantIn } from '../tenants/tenant.ts'
import { type AuthenticationAttempt, failAttempt, keyRejection } from './authentication-failure.ts'
import { digestBytes } from './key-ring/key-digests.ts'
import { KeyTable } from './key-ring/key-table.ts'

/** An enabled tenant, and the key that it used. */
export type Caller = { readonly tenant: Tenant; readonly keyId: string }

type KnownTenant = { readonly tenant: Tenant; readonly keyIds: readonly string[] }

type KnownKey = Required<Omit<KeyRow, 'digest'>> & { readonly tenant: Tenant }

/** All tenants, their keys, and the last revoked keys, in memory: admitting and rejecting requests needs no I/O. */
export class Directory {
  readonly #digest: KeyedDigest
  readonly #keys = new KeyTable<KnownKey>()
  readonly #tenants = new Map<string, KnownTenant>()
  /** The plain hash of the current key, in one buffer for all. */
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
   * The caller behind a key at `now` (milliseconds since 1970), or null. A wrong secret costs the same whether the key is known,
   * in use, or neither.
   */
  authenticate(key: string, now: number, attempt?: AuthenticationAttempt): Caller | null {
    const row = this.#keys.candidate(key, idStart)
    const plain = this.#plain
    // Hex, then bytes: several times as fast as asking for bytes.
    plain.write(hash('sha256', key, 'hex'), 'hex')
    const isProven = this.#keys.isProven(row, plain)
    if (!isProven) {
      const parsed = parseApiKey(key)
      if (parsed === null) return failAttempt(attempt, { reason: 'malformed' })
      const isGenuine = this.#keys.isGenuine(row, key, idStart, this.#digest(parsed.secret))
      if (!isGenuine) return failAttempt(attempt, { reason: 'unknown' })
    }
    const known = this.#keys.knownIn(row)
    if (known === null) return failAttempt(attempt, { reason: 'unknown' })
    // In the order in which `key list` shows states.
    const reason = keyRejection(known, now) ?? (known.tenant.disabled ? 'tenant_disabled' : null)
    if (reason !== null) return failAttempt(attempt, { reason, tenant: known.tenant.name, keyId: known.id })
    // Later calls save parsing and the keyed digest.
    if (!isProven) this.#keys.prove(row, plain)
    // A slice of the caller's text would keep the whole key in memory.
    this.#uses.set(known.id, now)
    return { tenant: known.tenant, keyId: known.id }
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
    for (const { id, digest, expiresAtMs, revoked = false } of row.keys)
      this.#keys.add({ id, tenant, expiresAtMs, revoked }, digest)
    this.#tenants.set(row.name, { tenant, keyIds: row.keys.map(key => key.id) })
  }

  #forget(name: string): void {
    for (const id of this.#tenants.get(name)?.keyIds ?? []) this.#keys.remove(id)
    this.#tenants.delete(name)
  }
}
