import assert from 'node:assert/strict'
import { SerialRunner } from '../base/serial-runner.ts'
import { hasCode } from '../contract/error-table.ts'
import type { EventPublisher, FailureEvent } from '../telemetry/events.ts'
import type { CredentialJobs } from './credential-jobs.ts'
import type { CredentialPool } from './credential-pool.ts'
import type { CredentialSnapshot } from './credential-snapshot.ts'
import { type CredentialView, viewsOf } from './credential-views.ts'
import { holdSnapshot } from './hold-snapshot.ts'
import type { KeyMaterial } from './key-material.ts'
import { findCredential, findVersion } from './manage/credential-rows.ts'
import { labelOf } from './manage/operations.ts'
import { RetiringCredentials } from './retiring-credentials.ts'
import { isCommand, SecretWatch, type SecretWatchOptions } from './secrets/watch.ts'
import { isGoneBackFrom } from './select-versions.ts'
import { type TroubleKind, Troubles } from './troubles.ts'

export type CredentialReconcilerOptions = SecretWatchOptions & {
  readonly credentials: CredentialPool
  readonly store: CredentialJobs
  /** GATEWAY_UPSTREAM_KEY, and whether it may be missing where the store holds credentials. */
  readonly setting: { readonly reference: string; readonly mayBeMissing: boolean }
  readonly events: EventPublisher
}

/** The credential that the setting stands for. */
const settingName = 'default'
/** Changes by other processes, and of files, take effect within a second. */
const pollMs = 250
/** How long the key before is kept when the key behind a reference changes. */
const changeGraceMs = 3_600_000

/** Keeps the credentials of this process as the store, and what it refers to, say. */
export class CredentialReconciler {
  readonly #options: CredentialReconcilerOptions
  #snapshot: CredentialSnapshot | null = null
  #timer: NodeJS.Timeout | undefined
  /** What the store says, and what is taken up meanwhile, do not overtake each other. */
  readonly #turns = new SerialRunner()
  readonly #references: SecretWatch
  readonly #leaving = new RetiringCredentials()
  /** Commands under way: what they take holds nothing else up. */
  readonly #running = new Set<Promise<void>>()
  readonly #troubles = new Troubles()

  constructor(options: CredentialReconcilerOptions) {
    this.#options = options
    this.#references = new SecretWatch(options)
  }

  /**
   * Opens all credentials, and follows them from then on. One that cannot be opened is told, and cannot be used. Throws
   * SecretUnavailable when there is none but the setting's, and that gives no key; or what the store's thread throws.
   */
  async open(): Promise<void> {
    try {
      await this.#load(-1)
      await this.#openSetting()
    } catch (error) {
      if (!hasCode(error, 'credentials_damaged')) throw error
      this.#report('store', '', error, 'credentials.unusable')
    }
    this.#timer ??= setInterval(() => this.poll(), pollMs)
    await this.poll()
    await Promise.all(this.#running)
  }

  /** Looks once for what has changed. Never rejects. */
  poll(): Promise<void> {
    return this.#turns.run(async () => {
      await this.#readStore()
      for (const { name, active, removed_at } of this.#snapshot?.records.credentials ?? []) {
        const source = this.#snapshot && findVersion(this.#snapshot.records, name, active)?.source
        if (removed_at === null && source && source !== 'sealed') await this.#follow(name, source)
      }
      this.#dropOverdue()
    })
  }

  /** Looks in the store alone: a file must be given its time between two looks. Never rejects. */
  refresh(): Promise<void> {
    return this.#turns.run(() => this.#readStore())
  }

  /** Runs the commands of references at the next look, and returns how many they are: one that has just failed has its pause. */
  runCommandsAgain(): number {
    return this.#references.expireCommands()
  }

  /** Whether changes of credentials in the store cannot be read. */
  get isStale(): boolean {
    return this.#troubles.has('store')
  }

  /** Whether a reference gives no key now, and the key that it gave before is used. */
  get isBehindReferences(): boolean {
    return this.#troubles.has('reference', name => this.#refersTo(name) && !this.#isMissing(name))
  }

  /** The credentials as this process last read them, by name; null when it never could. */
  views(now: Date): CredentialView[] | null {
    return this.#snapshot && viewsOf(this.#snapshot.records, now)
  }

  /** Follows nothing any more, and zeroes all keys. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.#references.close()
    await Promise.all(this.#running)
    await this.#turns.idle
    this.#options.credentials.replaceAll(new Map())
  }

  /** Where the store knows no credential `default`, or one that was made from the setting, the setting is used. */
  async #openSetting(): Promise<void> {
    const { reference, mayBeMissing } = this.#options.setting
    const { records } = this.#snapshot ?? { records: { credentials: [] } }
    const live = records.credentials.filter(({ removed_at }) => removed_at === null)
    const own = live.find(({ name }) => name === settingName)
    if (own && own.follows_setting === 0) return
    try {
      await this.#take(settingName, reference, await this.#materialOf(reference), true)
    } catch (error) {
      if (!hasCode(error, 'secret_unavailable') || !mayBeMissing || live.length === 0) throw error
    }
  }

  async #readStore(): Promise<void> {
    await this.#try('store', '', 'credentials.not_read', () => this.#load(this.#snapshot?.lastChange ?? -1))
  }

  async #load(lastChange: number): Promise<void> {
    const { credentials, store, events } = this.#options
    const snapshot = await store.call('credentials', lastChange)
    if (!snapshot) return
    const all = await holdSnapshot(snapshot, {
      held: name => credentials.held(name),
      references: this.#references,
      reportUnreadable: (label, error) => this.#report('version', label, error, 'credential.unreadable')
    })
    for (const [name, { active }] of all)
      if (active && active.version !== credentials.held(name).active?.version)
        events.publish('credential.in_use', { credential: labelOf(name, active.version) })
    for (const name of this.#leaving.among(credentials.names(), all)) all.set(name, credentials.held(name))
    credentials.replaceAll(all)
    this.#snapshot = snapshot
  }

  /** Looks what a reference gives now, when it is time to. What a command takes is not waited for. */
  async #follow(name: string, source: string): Promise<void> {
    if (!this.#references.isDue(name, source, this.#isMissing(name))) return
    if (!isCommand(source)) return await this.#look(name, source, work => work())
    const running = this.#look(name, source, work => this.#turns.run(work)).finally(() =>
      this.#running.delete(running)
    )
    this.#running.add(running)
  }

  async #look(name: string, source: string, atItsTurn: SerialRunner['run']): Promise<void> {
    await this.#try('reference', name, 'credential.not_fetched', () =>
      this.#references.ask(name, source, async () => {
        const material = await this.#materialOf(source)
        if (this.#references.isSettled(name, source, material) || this.#isMissing(name))
          await atItsTurn(() => this.#take(name, source, material))
        else material.discard()
      })
    )
  }

  /** Whether the key of a credential is behind a reference, as far as the store was read. */
  #refersTo(name: string): boolean {
    if (this.#snapshot === null) return false
    const { records } = this.#snapshot
    const record = findCredential(records, name)
    return record !== undefined && findVersion(records, name, record.active)?.source !== 'sealed'
  }

  #isMissing(name: string): boolean {
    return this.#options.credentials.held(name).active === null
  }

  async #materialOf(source: string): Promise<KeyMaterial> {
    assert(this.#snapshot, 'a key is fetched for credentials that are known')
    return await this.#references.materialOf(source, this.#snapshot)
  }

  /** Takes up what a reference gives, when it is another key than before, and tells the store. */
  async #take(
    name: string,
    source: string,
    material: KeyMaterial,
    followsSetting = this.#followsSetting(name)
  ): Promise<void> {
    const { credentials, store, events } = this.#options
    const held = credentials.held(name)
    const isKnown = held.active?.material.fingerprint === material.fingerprint
    if (isKnown || isGoneBackFrom(held, material) || this.#references.isClosed) return material.discard()
    const version = { source, fingerprint: material.fingerprint }
    const noted = await store
      .call('noteMaterial', { name, version, graceMs: changeGraceMs, followsSetting })
      .catch(error => {
        material.discard()
        throw error
      })
    if (noted.version === 0) return material.discard()
    // The key before goes on as standby: this process may be the only one that still knows it.
    const { active: before } = credentials.held(name)
    credentials.replace(name, {
      active: { version: noted.version, source, material },
      standby: before,
      standbyUntilMs: Date.now() + changeGraceMs
    })
    events.publish('credential.in_use', { credential: labelOf(name, noted.version) })
    // Another process had noted it before: the store knows until when the one before may be tried.
    if (!noted.changed) await this.#load(-1)
  }

  #followsSetting(name: string): boolean {
    return this.#snapshot?.records.credentials.find(record => record.name === name)?.follows_setting === 1
  }

  /** Zeroes the keys before whose grace period is over, and those of credentials that were removed. */
  #dropOverdue(): void {
    const { credentials } = this.#options
    for (const name of this.#leaving.takeOverdue()) credentials.drop(name)
    credentials.dropOverdueStandbys(Date.now())
  }

  async #try(kind: TroubleKind, name: string, event: FailureEvent, work: () => Promise<void>): Promise<void> {
    try {
      await work()
      this.#troubles.end(kind, name)
    } catch (error) {
      this.#report(kind, name, error, event)
      if (!hasCode(error, 'credentials_damaged')) return
      // What the store holds is not what was put there: no key is used, rather than a wrong one, until all of it is read again.
      this.#options.credentials.replaceAll(new Map())
      this.#snapshot = null
    }
  }

  #report(kind: TroubleKind, name: string, err: unknown, event: FailureEvent): void {
    const message = String((err as Error).message)
    if (this.#references.isClosed || !this.#troubles.note(kind, name, message)) return
    this.#options.events.publish(event, { err })
  }
}
