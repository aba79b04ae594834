import type { EventPublisher } from '../telemetry/events.ts'
import {
  Credential,
  type CredentialState,
  type HeldVersions,
  type KeyHandle,
  type Unusable
} from './credential.ts'
import { KeyMaterial } from './key-material.ts'
import type { KeySearch } from './leak-scan/key-search.ts'

export type CredentialPoolOptions = {
  readonly events: EventPublisher
  /** Persists that the upstream rejects version `from` and accepts `to`, the standby: they have changed places. */
  readonly persistRevert: (change: { name: string; from: number; to: number }) => void
  readonly monotonicMs?: () => number
  readonly nowMs?: () => number
}

const sealed: Unusable = {}
const none: HeldVersions = { active: null, standby: null, standbyUntilMs: 0 }

/** The upstream credentials that this process holds, by name. */
export class CredentialPool {
  readonly #held = new Map<string, Credential>()
  readonly #events: EventPublisher
  readonly #persistRevert: CredentialPoolOptions['persistRevert']
  readonly #monotonicMs: () => number
  readonly #nowMs: () => number
  /** For the keys of all that are held; null until the first answer after a change of them. */
  #search: KeySearch | null = null
  /** Keys that are no longer held, and with which calls are still under way. */
  readonly #leaving = new Set<KeyMaterial>()

  constructor({
    events,
    persistRevert,
    monotonicMs = () => performance.now(),
    nowMs = Date.now
  }: CredentialPoolOptions) {
    this.#events = events
    this.#persistRevert = persistRevert
    this.#monotonicMs = monotonicMs
    this.#nowMs = nowMs
  }

  /** The active version of a credential for one call, or why there is none now. */
  acquire(name: string): KeyHandle | Unusable {
    return this.#held.get(name)?.acquire(this.#monotonicMs()) ?? sealed
  }

  /** Another version to try once, after the upstream has refused this one; null when there is none. */
  acquireFallback(refused: KeyHandle): KeyHandle | null {
    return this.#held.get(refused.name)?.acquireFallback(refused, this.#nowMs()) ?? null
  }

  /** For how many seconds a call with this lease may not be sent now, as its key has been refused too often: 0 when it may. */
  waitOf(lease: KeyHandle): number {
    return this.#held.get(lease.name)?.waitOf(lease, this.#monotonicMs()) ?? 0
  }

  /** The upstream refused this version (401), and every other that could be tried. */
  reportRejected({ name }: KeyHandle): void {
    if (this.#held.get(name)?.reportRejected(this.#monotonicMs()))
      this.#events.publish('breaker.opened', { credential: name })
  }

  /** The upstream took this version; with `refused`, after it had refused that one. */
  reportAccepted({ name, version }: KeyHandle, refused?: KeyHandle): void {
    const credential = this.#held.get(name)
    if (credential?.reportAccepted()) this.#events.publish('breaker.closed', { credential: name })
    if (!refused || !credential?.swap(refused.version, version)) return
    const change = { from: refused.version, to: version }
    this.#events.publish('credential.reverted', { credential: name, ...change })
    this.#persistRevert({ name, ...change })
  }

  /** Whether bytes that came from outside hold a key of this process, in whatever form. */
  containsKey(bytes: Buffer): boolean {
    // Trailers mostly: every answer is looked into three times, and each search counts.
    if (bytes.length === 0) return false
    return this.#searches().some(search => search.isIn(bytes))
  }

  /**
   * How many characters in a row a short text from outside shares with a key of this process, in whatever form: 0 for fewer
   * than eight, Infinity for a whole key. A text that shares any is neither relayed nor stored.
   */
  containsKeyPart(text: string): number {
    return Math.max(...this.#searches().map(search => search.partIn(text)))
  }

  #searches(): readonly KeySearch[] {
    this.#search ??= KeyMaterial.searchFor([...this.#held.values()].flatMap(({ materials }) => materials))
    if (this.#leaving.size === 0) return [this.#search]
    for (const material of this.#leaving) if (!material.isLeaving) this.#leaving.delete(material)
    return [this.#search, ...[...this.#leaving].map(({ search }) => search)]
  }

  /** What is held of a credential; nothing of one that is not known. */
  held(name: string): HeldVersions {
    return this.#held.get(name)?.versions ?? none
  }

  /** Whether calls can be made with a credential. One that is not known is as good as sealed. */
  stateOf(name: string): CredentialState {
    return this.#held.get(name)?.state ?? 'sealed'
  }

  /** Whether any credential is in this state, or was refused by the upstream the last time. */
  some(is: CredentialState | 'refused once'): boolean {
    return [...this.#held.values()].some(one => (is === 'refused once' ? one.wasRefused : one.state === is))
  }

  names(): string[] {
    return [...this.#held.keys()]
  }

  /** True when there is no credential that a call could be sent with. */
  get areSealed(): boolean {
    return [...this.#held.values()].every(({ versions }) => versions.active === null)
  }

  /** Holds exactly these from now on. Keys that are no longer among them are zeroed. */
  replaceAll(all: ReadonlyMap<string, HeldVersions>): void {
    for (const name of this.names()) if (!all.has(name)) this.drop(name)
    for (const [name, versions] of all) this.replace(name, versions)
  }

  /** Holds one credential no longer: its keys are zeroed. */
  drop(name: string): void {
    this.replace(name, none)
    this.#held.delete(name)
  }

  /** Zeroes the keys before whose grace period is over at this time, in milliseconds since 1970. */
  dropOverdueStandbys(nowMs: number): void {
    for (const [name, { versions }] of this.#held)
      if (versions.standby && nowMs >= versions.standbyUntilMs)
        this.replace(name, { ...versions, standby: null })
  }

  /** Holds other versions of one credential from now on. */
  replace(name: string, versions: HeldVersions): void {
    const credential = this.#held.get(name)
    const before = credential?.materials ?? []
    if (credential) credential.replace(versions)
    else this.#held.set(name, new Credential(name, versions))
    for (const material of before) if (material.isLeaving) this.#leaving.add(material)
    this.#search?.erase()
    this.#search = null
  }
}
