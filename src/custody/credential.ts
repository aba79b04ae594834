import type { KeyMaterial } from './key-material.ts'

/** One version of a credential, with its key. */
export type HeldVersion = {
  readonly version: number
  /** `sealed`, or a reference. */
  readonly source: string
  readonly material: KeyMaterial
}

/** What a credential consists of now. Without an active version it is sealed: nothing can be sent with it. */
export type HeldVersions = {
  readonly active: HeldVersion | null
  readonly standby: HeldVersion | null
  /** Milliseconds since 1970 until when the standby may be tried. */
  readonly standbyUntilMs: number
}

/** The right to send one call with one version of a credential. Give it back by `release`. */
export type KeyHandle = {
  readonly name: string
  readonly version: number
  /** How the ledger names the version, `name@version`. */
  readonly label: string
  /** Whether a call that has not been sent yet is to be held back once the breaker opens. */
  readonly canWait: boolean
  /** Calls back with the key. What the callback makes of it must go to the upstream and nowhere else. */
  use<T>(callback: (secret: string) => T): T
  release(): void
}

/** Why a credential cannot be used now: for how many seconds its breaker is open, or, without, that it is sealed. */
export type Unusable = { readonly retryAfter?: number }

/** What keeps calls from being made with a credential: nothing, that its key cannot be opened, or its open breaker. */
export type CredentialState = 'usable' | 'sealed' | 'refused'

/** This many refusals in a row open the breaker: the key is bad, and more calls would only hammer. */
const refusalsToOpen = 3
/** After this long one call is let through to see whether the key is taken again. */
const openForMs = 30_000

/** One upstream credential: its active version, the one before as standby, and a breaker. */
export class Credential {
  readonly name: string
  #versions: HeldVersions
  #refusals = 0
  #openUntilMs = 0

  constructor(name: string, versions: HeldVersions) {
    this.name = name
    this.#versions = versions
  }

  get versions(): HeldVersions {
    return this.#versions
  }

  /** Whether calls can be made with it: not when its key cannot be opened, or the upstream refuses it again and again. */
  get state(): CredentialState {
    if (!this.#versions.active) return 'sealed'
    return this.#refusals < refusalsToOpen ? 'usable' : 'refused'
  }

  /** Whether the upstream refused it the last time. */
  get wasRefused(): boolean {
    return this.#versions.active !== null && this.#refusals > 0
  }

  /** The active version for one call, at the monotonic time `nowMs`. */
  acquire(nowMs: number): KeyHandle | Unusable {
    const { active } = this.#versions
    if (!active) return {}
    if (this.#refusals < refusalsToOpen) return this.#leaseOf(active, true)
    if (nowMs < this.#openUntilMs) return { retryAfter: Math.ceil((this.#openUntilMs - nowMs) / 1000) }
    // One call tries; the others wait for what comes of it.
    this.#openUntilMs = nowMs + openForMs
    return this.#leaseOf(active, false)
  }

  /** For how many seconds a call that was leased before and not sent yet may not be sent: 0 when it may. */
  waitOf({ canWait }: Pick<KeyHandle, 'canWait'>, nowMs: number): number {
    if (!canWait || this.#refusals < refusalsToOpen) return 0
    return Math.max(1, Math.ceil((this.#openUntilMs - nowMs) / 1000))
  }

  /** The version to try when the upstream has refused another: the standby, or the active one if they changed places. */
  acquireFallback({ version }: Pick<KeyHandle, 'version'>, atMs: number): KeyHandle | null {
    const { active, standby, standbyUntilMs } = this.#versions
    if (active && active.version !== version) return this.#leaseOf(active, false)
    return standby && standby.version !== version && atMs < standbyUntilMs
      ? this.#leaseOf(standby, false)
      : null
  }

  /** The upstream refused every version that could be tried. True when this opens the breaker. */
  reportRejected(nowMs: number): boolean {
    this.#refusals++
    if (this.#refusals < refusalsToOpen) return false
    this.#openUntilMs = nowMs + openForMs
    return this.#refusals === refusalsToOpen
  }

  /** The upstream took the key. True when this closes the breaker. */
  reportAccepted(): boolean {
    const wasOpen = this.#refusals >= refusalsToOpen
    this.#refusals = 0
    return wasOpen
  }

  /** `to`, the standby, takes the place of `from`, the active version. False when they are not that, or no longer. */
  swap(from: number, to: number): boolean {
    const { active, standby, standbyUntilMs } = this.#versions
    if (active?.version !== from || standby?.version !== to) return false
    this.#versions = { active: standby, standby: active, standbyUntilMs }
    return true
  }

  /** Takes other versions in place of those held. Keys that are no longer among them are zeroed. */
  replace(versions: HeldVersions): void {
    const kept = [versions.active?.material, versions.standby?.material]
    for (const held of [this.#versions.active, this.#versions.standby])
      if (held && !kept.includes(held.material)) held.material.discard()
    if (versions.active?.version !== this.#versions.active?.version) this.#refusals = 0
    this.#versions = versions
  }

  /** The keys of its versions. */
  get materials(): KeyMaterial[] {
    const { active, standby } = this.#versions
    return [active, standby].flatMap(version => version?.material ?? [])
  }

  #leaseOf({ version, material }: HeldVersion, canWait: boolean): KeyHandle {
    material.retain()
    return {
      name: this.name,
      version,
      label: `${this.name}@${version}`,
      canWait,
      use: callback => material.use(callback),
      release: () => material.release()
    }
  }
}
