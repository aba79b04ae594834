import assert from 'node:assert/strict'
import { PollLoop } from '../base/poll-loop.ts'
import { SerialRunner } from '../base/serial-runner.ts'
import { hasCode } from '../contract/error-table.ts'
import type { EventPublisher } from '../telemetry/events.ts'
import type { CredentialPool } from './credential-pool.ts'
import type { CredentialSnapshot } from './credential-snapshot.ts'
import { type CredentialView, viewsOf } from './credential-views.ts'
import type { KeyMaterial } from './key-material.ts'
import type { FetchedKey, Noted, Rollback } from './manage/automatic-operations.ts'
import { type ActiveCredential, activeCredentials, findCredential } from './manage/credential-rows.ts'
import { labelOf } from './manage/versions.ts'
import { openSnapshot } from './open-snapshot.ts'
import { isCommand, SecretWatch, type SecretWatchOptions } from './secrets/watch.ts'

/** What custody asks of the store's thread. */
export type CredentialJobs = {
  call(job: 'credentials', lastChange: number): Promise<CredentialSnapshot | null>
  call(job: 'noteMaterial', note: FetchedKey): Promise<Noted>
  call(job: 'revertVersion', change: Rollback): Promise<boolean>
}

export type CredentialReconcilerOptions = SecretWatchOptions & {
  readonly credentials: CredentialPool
  readonly store: CredentialJobs
  /** GATEWAY_UPSTREAM_KEY, and whether it may be missing where the store holds credentials. */
  readonly setting: { readonly reference: string; readonly mayBeMissing: boolean }
  readonly events: EventPublisher
}

type FailureEvent =
  | 'credential.unreadable'
  | 'credential.not_fetched'
  | 'credentials.not_read'
  | 'credentials.unusable'

/** The credential that the setting gives. */
const settingName = 'default'
/** Changes by other processes, and of files, take effect within a second. */
const pollMs = 250
/** How long the key before is kept when the key behind a reference changes. */
const changeGraceMs = 3_600_000

/** Keeps the credentials of this process at what the store, and the references in it, give. */
export class CredentialReconciler {
  readonly #options: CredentialReconcilerOptions
  #snapshot: CredentialSnapshot | null = null
  #polling: PollLoop | undefined
  /** Reads of the store and new keys of references do not overtake each other. */
  readonly #turns = new SerialRunner()
  readonly #references: SecretWatch
  /** Commands that run: nothing else waits for them. */
  readonly #commands = new Set<Promise<void>>()
  /** Failures that last, with the message that was published for each: of `store`, `reference NAME` or `version LABEL`. */
  readonly #failures = new Map<string, string>()

  constructor(options: CredentialReconcilerOptions) {
    this.#options = options
    this.#references = new SecretWatch(options)
  }

  /**
   * Opens all credentials, and follows them from then on. An unreadable one is logged, and cannot be used. Throws
   * `secret_unavailable` when there is none but the setting's, and that gives no key; or what the store's thread throws.
   */
  async open(): Promise<void> {
    try {
      await this.#load(-1)
      await this.#openSetting()
    } catch (error) {
      if (!hasCode(error, 'credentials_damaged')) throw error
      this.#report('store', error, 'credentials.unusable')
    }
    this.#polling ??= new PollLoop(
      () => pollMs,
      () => this.poll()
    )
    await this.#polling.run()
    await Promise.all(this.#commands)
  }

  /** Looks once for changes in the store and behind references. Never rejects. */
  poll(): Promise<void> {
    return this.#turns.run(async () => {
      await this.#readStore()
      for (const { record, source } of this.#active())
        if (source !== '' && source !== 'sealed') await this.#follow(record.name, source)
      this.#options.credentials.dropOverdue()
    })
  }

  /** Looks in the store alone: a file must be given its time between two looks. Never rejects. */
  refresh(): Promise<void> {
    return this.#turns.run(() => this.#readStore())
  }

  /** Makes the commands of references run at the next look, but for those that have just failed. Returns how many there are. */
  runCommandsAgain(): number {
    return this.#references.expireCommands()
  }

  /** Whether changes of credentials in the store cannot be read. */
  get isStale(): boolean {
    return this.#failures.has('store')
  }

  /** Whether a reference gives no key now, and the key that it gave before is used. */
  get isBehindReferences(): boolean {
    if (this.#failures.size === 0) return false
    return this.#active().some(
      ({ record: { name }, source }) =>
        source !== 'sealed' && this.#failures.has(`reference ${name}`) && !this.#isMissing(name)
    )
  }

  /** The credentials as this process last read them, by name; null when it never could. */
  views(now: Date): CredentialView[] | null {
    return this.#snapshot && viewsOf(this.#snapshot.records, now)
  }

  /** Follows nothing any more, and zeroes all keys. */
  async close(): Promise<void> {
    this.#polling?.stop()
    this.#references.close()
    await Promise.all(this.#commands)
    await this.#turns.idle
    this.#options.credentials.clear()
  }

  /** The setting gives the credential `default`, unless the store holds one of its own. */
  async #openSetting(): Promise<void> {
    const { reference, mayBeMissing } = this.#options.setting
    const active = this.#active()
    const own = active.find(({ record }) => record.name === settingName)
    if (own?.record.follows_setting === 0) return
    try {
      await this.#take(settingName, reference, await this.#materialOf(reference), true)
    } catch (error) {
      if (!hasCode(error, 'secret_unavailable') || !mayBeMissing || active.length === 0) throw error
    }
  }

  async #readStore(): Promise<void> {
    await this.#try('store', 'credentials.not_read', () => this.#load(this.#snapshot?.lastChange ?? -1))
  }

  async #load(lastChange: number): Promise<void> {
    const { credentials, store, events } = this.#options
    const snapshot = await store.call('credentials', lastChange)
    if (!snapshot) return
    const all = await openSnapshot({
      snapshot,
      held: name => credentials.held(name),
      references: this.#references,
      reportUnreadable: (label, error) => this.#report(`version ${label}`, error, 'credential.unreadable')
    })
    for (const [name, { active }] of all)
      if (active && active.version !== credentials.held(name).active?.version)
        events.publish('credential.in_use', { credential: labelOf(name, active.version) })
    credentials.replaceAll(all)
    this.#snapshot = snapshot
  }

  /** Fetches what a reference gives now, when it is time to. Nobody waits for a command. */
  async #follow(name: string, source: string): Promise<void> {
    if (!this.#references.isDue(name, source, this.#isMissing(name))) return
    const followed = this.#try(`reference ${name}`, 'credential.not_fetched', () =>
      this.#references.run(name, source, async () => {
        const material = await this.#materialOf(source)
        const isSettled = this.#references.isSettled(name, source, material)
        if (!isSettled && !this.#isMissing(name)) return material.discard()
        const take = () => this.#take(name, source, material)
        await (isCommand(source) ? this.#turns.run(take) : take())
      })
    )
    if (!isCommand(source)) return await followed
    this.#commands.add(followed)
    void followed.finally(() => this.#commands.delete(followed))
  }

  #active(): ActiveCredential[] {
    return this.#snapshot ? activeCredentials(this.#snapshot.records) : []
  }

  #isMissing(name: string): boolean {
    return this.#options.credentials.held(name).active === null
  }

  async #materialOf(source: string): Promise<KeyMaterial> {
    assert(this.#snapshot, 'a key is fetched for credentials that are known')
    return await this.#references.materialOf(source, this.#snapshot)
  }

  /** Uses the key that a reference gives, when it is another than before, and records it in the store. */
  async #take(
    name: string,
    source: string,
    material: KeyMaterial,
    followsSetting = this.#followsSetting(name)
  ): Promise<void> {
    const { credentials, store, events } = this.#options
    const { fingerprint } = material
    const isKnown = credentials.held(name).active?.material.fingerprint === fingerprint
    if (isKnown || credentials.wasReverted(name, fingerprint) || this.#references.isClosed)
      return material.discard()
    const note = { name, version: { source, fingerprint }, graceMs: changeGraceMs, followsSetting }
    const noted = await store.call('noteMaterial', note).catch(error => {
      material.discard()
      throw error
    })
    if (noted.version === 0) return material.discard()
    // The key before stays as standby: this process may be the only one that still knows it.
    credentials.replace(name, {
      active: { version: noted.version, source, material },
      standby: credentials.held(name).active,
      standbyUntilMs: Date.now() + changeGraceMs
    })
    events.publish('credential.in_use', { credential: labelOf(name, noted.version) })
    // Another process had noted it before: the store knows until when the one before may be tried.
    if (!noted.changed) await this.#load(-1)
  }

  #followsSetting(name: string): boolean {
    return this.#snapshot ? findCredential(this.#snapshot.records, name)?.follows_setting === 1 : false
  }

  async #try(subject: string, event: FailureEvent, work: () => Promise<void>): Promise<void> {
    try {
      await work()
      this.#failures.delete(subject)
    } catch (error) {
      this.#report(subject, error, event)
      if (!hasCode(error, 'credentials_damaged')) return
      // The rows are not what was stored: no key is used, rather than a wrong one, until all of them are read again.
      this.#options.credentials.clear()
      this.#snapshot = null
    }
  }

  /** Once for as long as the failure lasts and its message stays the same. */
  #report(subject: string, err: unknown, event: FailureEvent): void {
    const message = String((err as Error).message)
    if (this.#references.isClosed || this.#failures.get(subject) === message) return
    this.#failures.set(subject, message)
    this.#options.events.publish(event, { err })
  }
}
