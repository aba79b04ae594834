import type { EventPublisher } from '../telemetry/events.ts'
import { type HeldVersion, KeyHandle } from './key-handle.ts'
import { KeyMaterial } from './key-material.ts'
import type { KeySearch } from './leak-scan/key-search.ts'
import type { Rollback } from './manage/automatic-operations.ts'

/** What is held of a credential. Without an active version it is unreadable: nothing can be sent with it. */
export type HeldVersions = {
  readonly active: HeldVersion | null
  readonly standby: HeldVersion | null
  /** Milliseconds since 1970 until when the standby may be tried. */
  readonly standbyUntilMs: number
}

export type CredentialPoolOptions = {
  readonly events: EventPublisher
  /** Persists that active version and standby have changed places. */
  readonly persistRevert: (change: Rollback) => void
  readonly monotonicMs?: () => number
  readonly nowMs?: () => number
}

const none: HeldVersions = { active: null, standby: null, standbyUntilMs: 0 }
/** By then the directory, which is read by another way, has given tenants of a removed credential the one they have now. */
const retirementMs = 1000

/** The upstream credentials that this process holds, by name. */
export class CredentialPool {
  readonly #held = new Map<string, HeldVersions>()
  readonly #options: Required<CredentialPoolOptions>
  /** One search for the keys of all that are held; empty until the first answer after a change of them. */
  #search: readonly KeySearch[] = []
  /** Removed credentials, which calls may still name, and until when they are held, in monotonic milliseconds. */
  readonly #retiring = new Map<string, number>()
  /** Keys that are no longer held, and that calls still use. */
  readonly #retiringKeys = new Set<KeyMaterial>()

  constructor(options: CredentialPoolOptions) {
    this.#options = { monotonicMs: () => performance.now(), nowMs: Date.now, ...options }
  }

  /** The active version of a credential for one call; null when the credential is unreadable or not held. */
  acquire(name: string): KeyHandle | null {
    const active = this.#held.get(name)?.active
    return active ? new KeyHandle(name, active) : null
  }

  /** Another version to try once after the upstream has rejected this one: the standby, or the active one after a revert. */
  acquireFallback({ name, version }: KeyHandle): KeyHandle | null {
    const { active, standby, standbyUntilMs } = this.held(name)
    if (active && active.version !== version) return new KeyHandle(name, active)
    if (!standby || standby.version === version || this.#options.nowMs() >= standbyUntilMs) return null
    return new KeyHandle(name, standby)
  }

  /** The upstream accepted `fallback` after it had rejected `key`: they change places, unless they have already. */
  revert({ name, version: from }: KeyHandle, { version: to }: KeyHandle): void {
    const { active, standby, standbyUntilMs } = this.held(name)
    if (active?.version !== from || standby?.version !== to) return
    this.#held.set(name, { active: standby, standby: active, standbyUntilMs })
    this.#options.events.publish('credential.reverted', { credential: name, from, to })
    this.#options.persistRevert({ name, from, to })
  }

  /**
   * Whether this is the newer key, which the upstream rejected while it accepted the one before: its reference goes on giving
   * it, and it would be rejected again and again.
   */
  wasReverted(name: string, fingerprint: string): boolean {
    const { active, standby, standbyUntilMs } = this.held(name)
    if (!active || !standby || standby.version < active.version) return false
    return standby.material.fingerprint === fingerprint && this.#options.nowMs() < standbyUntilMs
  }

  /** Whether bytes that came from outside hold a key of this process, in whatever form. */
  containsKey(bytes: Buffer): boolean {
    if (bytes.length === 0) return false
    for (const search of this.#searches()) if (search.isIn(bytes)) return true
    return false
  }

  /**
   * How many characters in a row a short text from outside shares with a key of this process, in whatever form: 0 for fewer
   * than eight, Infinity for a whole key. A text that shares any is neither relayed nor stored.
   */
  containsKeyPart(text: string): number {
    let most = 0
    for (const search of this.#searches()) most = Math.max(most, search.partIn(text))
    return most
  }

  #searches(): readonly KeySearch[] {
    if (this.#search.length === 0)
      this.#search = [KeyMaterial.searchFor([...this.#held.values()].flatMap(materialsOf))]
    if (this.#retiringKeys.size === 0) return this.#search
    for (const material of this.#retiringKeys) if (!material.isRetiring) this.#retiringKeys.delete(material)
    return [...this.#search, ...[...this.#retiringKeys].map(({ search }) => search)]
  }

  /** What is held of a credential; nothing of an unknown one. */
  held(name: string): HeldVersions {
    return this.#held.get(name) ?? none
  }

  names(): string[] {
    return [...this.#held.keys()]
  }

  /** Whether any credential is unreadable. */
  get hasUnreadable(): boolean {
    return this.#held.values().some(({ active }) => active === null)
  }

  /** Whether there is no credential that a call could be sent with. */
  get areUnreadable(): boolean {
    return this.#held.values().every(({ active }) => active === null)
  }

  /** Holds these from now on, and those that are no longer among them for a second. */
  replaceAll(all: ReadonlyMap<string, HeldVersions>): void {
    for (const name of this.names())
      if (!all.has(name) && !this.#retiring.has(name))
        this.#retiring.set(name, this.#options.monotonicMs() + retirementMs)
    for (const [name, versions] of all) this.replace(name, versions)
  }

  /** Holds other versions of one credential from now on. Keys that are no longer among them are zeroed. */
  replace(name: string, versions: HeldVersions): void {
    const kept = materialsOf(versions)
    for (const material of materialsOf(this.held(name))) {
      if (kept.includes(material)) continue
      material.discard()
      if (material.isRetiring) this.#retiringKeys.add(material)
    }
    this.#retiring.delete(name)
    this.#held.set(name, versions)
    for (const search of this.#search) search.erase()
    this.#search = []
  }

  /** Zeroes the standbys whose grace period is over, and the keys of credentials that were removed a second ago. */
  dropOverdue(): void {
    const nowMs = this.#options.nowMs()
    for (const [name, versions] of this.#held)
      if (versions.standby && nowMs >= versions.standbyUntilMs)
        this.replace(name, { ...versions, standby: null })
    for (const [name, untilMs] of this.#retiring) if (this.#options.monotonicMs() >= untilMs) this.#drop(name)
  }

  /** Zeroes all keys. */
  clear(): void {
    for (const name of this.names()) this.#drop(name)
  }

  #drop(name: string): void {
    this.replace(name, none)
    this.#held.delete(name)
  }
}

function materialsOf({ active, standby }: HeldVersions): KeyMaterial[] {
  return [active, standby].flatMap(version => version?.material ?? [])
}
