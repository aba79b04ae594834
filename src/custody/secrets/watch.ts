import type { EventPublisher } from '../../telemetry/events.ts'
import type { CredentialSnapshot } from '../credential-snapshot.ts'
import type { KeyMaterial } from '../key-material.ts'
import { fetchMaterial, type SecretSources } from '../load-version.ts'

export type SecretWatchOptions = {
  readonly sources: SecretSources
  /** How often a command is run again. */
  readonly execRefreshMs: number
  readonly events: EventPublisher
  /** Whether to report the first command: what commands leave behind goes to the first process of a container, which reaps none. */
  readonly reportsCommand: boolean
  /** In monotonic milliseconds. */
  readonly nowMs?: () => number
}

/** When a command may run again at all, and when it should, in monotonic milliseconds. */
type Schedule = { readonly blockedUntilMs: number; readonly dueAtMs: number }

/** The pause after a failure: what the command asks may be down, and must not be hammered. */
const pauseMs = 10_000

/** The references behind credentials, and when to fetch each: a command never twice at once, nor soon after a failure. */
export class SecretWatch {
  readonly #options: SecretWatchOptions
  readonly #nowMs: () => number
  #reportsCommand: boolean
  readonly #closing = new AbortController()
  /** The fingerprint that each file gave the last time, by credential. */
  readonly #lastRead = new Map<string, string>()
  /** By credential and command: two credentials may have the same. */
  readonly #schedules = new Map<string, Schedule>()

  constructor(options: SecretWatchOptions) {
    this.#options = options
    this.#reportsCommand = options.reportsCommand
    this.#nowMs = options.nowMs ?? (() => performance.now())
  }

  /** The key that a reference gives now. Throws `secret_unavailable`. */
  materialOf(source: string, opening: Pick<CredentialSnapshot, 'fingerprintKey'>): Promise<KeyMaterial> {
    const { sources, events } = this.#options
    if (isCommand(source) && this.#reportsCommand) {
      this.#reportsCommand = false
      events.publish('exec.without_init', {})
    }
    const commands = { ...sources.commands, signal: this.#closing.signal }
    return fetchMaterial(source, opening, { ...sources, commands })
  }

  /** Whether the reference may be fetched at all. */
  mayFetch(name: string, source: string): boolean {
    return this.#nowMs() >= (this.#schedules.get(`${name} ${source}`)?.blockedUntilMs ?? 0)
  }

  /** Whether it is time to fetch the reference again. A credential that has no key (`isMissing`) does not wait. */
  isDue(name: string, source: string, isMissing: boolean): boolean {
    // The environment of a process does not change.
    if (!isCommand(source)) return isMissing || source.startsWith('file:')
    const schedule = this.#schedules.get(`${name} ${source}`)
    if (schedule) return this.#nowMs() >= Math.max(schedule.blockedUntilMs, isMissing ? 0 : schedule.dueAtMs)
    if (!isMissing) this.#block(name, source, 0)
    return isMissing
  }

  /** Makes all commands due but those that failed, which have their pause. Returns how many commands there are. */
  expireCommands(): number {
    for (const [run, schedule] of this.#schedules) this.#schedules.set(run, { ...schedule, dueAtMs: 0 })
    return this.#schedules.size
  }

  /** Does the work that fetches a reference. Its command does not run meanwhile, nor soon after a failure. */
  async run<T>(name: string, source: string, work: () => Promise<T>): Promise<T> {
    if (!isCommand(source)) return await work()
    this.#block(name, source, Number.POSITIVE_INFINITY)
    let pause = Math.min(pauseMs, this.#options.execRefreshMs)
    try {
      const result = await work()
      pause = 0
      return result
    } finally {
      this.#block(name, source, pause && this.#nowMs() + pause)
    }
  }

  /** Whether the reference gave this key before as well: a file that is being written gives a part of it. */
  isSettled(name: string, source: string, { fingerprint }: KeyMaterial): boolean {
    if (isCommand(source)) return true
    const before = this.#lastRead.get(name)
    this.#lastRead.set(name, fingerprint)
    return before === fingerprint
  }

  get isClosed(): boolean {
    return this.#closing.signal.aborted
  }

  /** Ends the commands that run. */
  close(): void {
    this.#closing.abort()
  }

  /** Until a time, or not at all (0): then the command is due when the key is old. */
  #block(name: string, source: string, blockedUntilMs: number): void {
    const dueAtMs = blockedUntilMs || this.#nowMs() + this.#options.execRefreshMs
    this.#schedules.set(`${name} ${source}`, { blockedUntilMs, dueAtMs })
  }
}

export function isCommand(source: string): boolean {
  return source.startsWith('exec:')
}
