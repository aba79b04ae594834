import type { HeldVersion, HeldVersions } from './credential.ts'
import { type CredentialRecord, findVersion } from './credential-records.ts'
import type { CredentialSnapshot } from './credential-snapshot.ts'
import { labelOf, type NewVersion, type VersionChanged } from './credential-steps.ts'
import { type CredentialView, viewsOf } from './credential-views.ts'
import type { Credentials } from './credentials.ts'
import { fetchMaterial, openVersion, type SecretSources } from './open-version.ts'
import { SecretUnavailable } from './secret-reference.ts'

/** The store's side of custody, on the store's thread. */
export type CredentialJobs = {
  call(job: 'credentials', lastChange: number): Promise<CredentialSnapshot | null>
  call(job: 'noteMaterial', note: NotedMaterial): Promise<VersionChanged>
}

/** What a reference gives now, as the store's thread is told of it. */
export type NotedMaterial = {
  readonly name: string
  readonly version: NewVersion
  readonly graceMs: number
  readonly followsSetting: boolean
}

export type CredentialKeeperOptions = {
  readonly credentials: Credentials
  readonly store: CredentialJobs
  readonly sources: SecretSources
  /** GATEWAY_UPSTREAM_KEY, and whether it may be missing where the store holds credentials. */
  readonly setting: { readonly reference: string; readonly mayBeMissing: boolean }
  readonly execRefreshMs: number
  readonly onChange: (label: string) => void
  readonly onError: (error: unknown, what: string) => void
}

/** The credential that the setting stands for. */
const settingName = 'default'
/** Changes by other processes, and of files, take effect within a second. */
const pollMs = 250
/** How long the key before is kept when the key behind a reference changes. */
const changeGraceMs = 3_600_000

/** Keeps the credentials of this process as the store, and what it refers to, say. */
export class CredentialKeeper {
  readonly #options: CredentialKeeperOptions
  #snapshot: CredentialSnapshot | null = null
  #timer: NodeJS.Timeout | undefined
  #working: Promise<void> = Promise.resolve()
  #commandsRunAt = performance.now()
  /** What was last told of each trouble: one that lasts is told once. */
  readonly #told = new Map<string, string>()

  constructor(options: CredentialKeeperOptions) {
    this.#options = options
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
      if ((error as Error).name !== 'CustodyBroken') throw error
      this.#tell('store', error, 'the credentials are not used')
    }
    this.#timer ??= setInterval(() => this.poll(), pollMs)
    await this.poll()
  }

  /** Looks once for what has changed. Never rejects. */
  poll(): Promise<void> {
    this.#working = this.#working.then(async () => {
      await this.#try('store', 'the credentials could not be read', () =>
        this.#load(this.#snapshot?.lastChange ?? -1)
      )
      const commandsAreDue = performance.now() - this.#commandsRunAt >= this.#options.execRefreshMs
      if (commandsAreDue) this.#commandsRunAt = performance.now()
      await this.#refresh(
        source => source.startsWith('file:') || (commandsAreDue && source.startsWith('exec:'))
      )
    })
    return this.#working
  }

  /** The credentials as this process last read them, by name; null when it never could. */
  views(now: Date): CredentialView[] | null {
    return this.#snapshot && viewsOf(this.#snapshot.records, now)
  }

  /** Follows nothing any more, and zeroes all keys. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#working
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
      await this.#note(settingName, reference, true)
    } catch (error) {
      if (!(error instanceof SecretUnavailable) || !mayBeMissing || live.length === 0) throw error
    }
  }

  async #load(lastChange: number): Promise<void> {
    const { credentials, store } = this.#options
    const snapshot = await store.call('credentials', lastChange)
    if (!snapshot) return
    const all = new Map<string, HeldVersions>()
    for (const record of snapshot.records.credentials)
      if (record.removed_at === null) all.set(record.name, await this.#heldOf(record, snapshot))
    for (const [name, { active }] of all)
      if (active && active.version !== credentials.held(name).active?.version)
        this.#options.onChange(labelOf(name, active.version))
    credentials.replaceAll(all)
    this.#snapshot = snapshot
  }

  async #heldOf(record: CredentialRecord, snapshot: CredentialSnapshot): Promise<HeldVersions> {
    return {
      active: await this.#openOne(record, record.active, snapshot),
      standby: record.standby === null ? null : await this.#openOne(record, record.standby, snapshot),
      standbyUntilMs: record.standby_until === null ? 0 : Date.parse(record.standby_until)
    }
  }

  /** Null, and told, when the version cannot be opened: the others can still be used. */
  async #openOne(
    { name, active }: CredentialRecord,
    version: number,
    snapshot: CredentialSnapshot
  ): Promise<HeldVersion | null> {
    const record = findVersion(snapshot.records, name, version)
    if (!record) return null
    const held = this.#options.credentials.held(name)
    for (const known of [held.active, held.standby])
      if (known?.version === version && known.material.fingerprint === record.fingerprint) return known
    try {
      return await openVersion(record, snapshot, this.#options.sources)
    } catch (error) {
      // The key behind a reference may have changed: the active one is fetched anew, the one before is lost.
      if (version === active || !(error instanceof SecretUnavailable))
        this.#tell(labelOf(name, version), error, 'a credential cannot be opened')
      return null
    }
  }

  /** Fetches the keys of references anew, and tells the store of those that have changed. */
  async #refresh(isDue: (source: string) => boolean): Promise<void> {
    for (const { name, active, removed_at } of this.#snapshot?.records.credentials ?? []) {
      const source = this.#snapshot && findVersion(this.#snapshot.records, name, active)?.source
      if (removed_at !== null || !source || source === 'sealed') continue
      const isMissing = this.#options.credentials.held(name).active === null
      if (!isMissing && !isDue(source)) continue
      await this.#try(name, 'the key of a credential could not be fetched', () =>
        this.#note(name, source, false)
      )
    }
  }

  async #note(name: string, source: string, followsSetting: boolean): Promise<void> {
    const { credentials, store, sources, onChange } = this.#options
    const opening = this.#snapshot ?? (await this.#emptySnapshot())
    const material = await fetchMaterial(source, opening, sources)
    const held = credentials.held(name)
    if (held.active?.material.fingerprint === material.fingerprint) return material.discard()
    const noted = await store.call('noteMaterial', {
      name,
      version: { source, fingerprint: material.fingerprint },
      graceMs: changeGraceMs,
      followsSetting: followsSetting || this.#followsSetting(name)
    })
    if (noted.version === 0) return material.discard()
    credentials.replace(name, this.#withNew(held, { version: noted.version, source, material }))
    onChange(labelOf(name, noted.version))
  }

  #followsSetting(name: string): boolean {
    return this.#snapshot?.records.credentials.find(record => record.name === name)?.follows_setting === 1
  }

  /** The key before goes on as standby: this process may be the only one that still knows it. */
  #withNew(held: HeldVersions, active: HeldVersion): HeldVersions {
    return { active, standby: held.active, standbyUntilMs: Date.now() + changeGraceMs }
  }

  async #emptySnapshot(): Promise<CredentialSnapshot> {
    const snapshot = await this.#options.store.call('credentials', -1)
    if (!snapshot) throw new Error('the store gave no credentials')
    return snapshot
  }

  async #try(place: string, what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work()
      this.#told.delete(place)
    } catch (error) {
      this.#tell(place, error, what)
      // What the store holds is not what was put there: no key is used, rather than a wrong one.
      if ((error as Error).name === 'CustodyBroken') this.#options.credentials.replaceAll(new Map())
    }
  }

  #tell(place: string, error: unknown, what: string): void {
    const message = String((error as Error).message)
    if (this.#told.get(place) === message) return
    this.#told.set(place, message)
    this.#options.onError(error, what)
  }
}
