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

/** The last run of a command, at a monotonic time. */
type Run = { readonly running: boolean; readonly failed: boolean; readonly endedAtMs: number }

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
  readonly #runs = new Map<string, Run>()

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
    const last = this.#runs.get(runOf(name, source))
    if (!last) return true
    const pauses = last.failed && this.#since(last) < Math.min(pauseMs, this.#options.execRefreshMs)
    return !last.running && !pauses
  }

  /** Whether it is time to fetch the reference again. A credential that has no key (`isMissing`) does not wait. */
  isDue(name: string, source: string, isMissing: boolean): boolean {
    // The environment of a process does not change.
    if (!isCommand(source)) return isMissing || source.startsWith('file:')
    const last = this.#runs.get(runOf(name, source))
    if (!last) {
      if (!isMissing) this.#note(name, source, { running: false, failed: false })
      return isMissing
    }
    const isOld = this.#since(last) >= this.#options.execRefreshMs
    return (isMissing || last.failed || isOld) && this.mayFetch(name, source)
  }

  /** Makes all commands due but those that failed, which have their pause. Returns how many commands there are. */
  expireCommands(): number {
    for (const [run, last] of this.#runs)
      if (!last.failed) this.#runs.set(run, { ...last, endedAtMs: Number.NEGATIVE_INFINITY })
    return this.#runs.size
  }

  /** Does the work that fetches a reference, and remembers of a command when it ended and whether it failed. */
  async run<T>(name: string, source: string, work: () => Promise<T>): Promise<T> {
    if (!isCommand(source)) return await work()
    this.#note(name, source, { running: true, failed: false })
    let failed = true
    try {
      const result = await work()
      failed = false
      return result
    } finally {
      this.#note(name, source, { running: false, failed })
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

  #note(name: string, source: string, run: Omit<Run, 'endedAtMs'>): void {
    this.#runs.set(runOf(name, source), { ...run, endedAtMs: this.#nowMs() })
  }

  #since({ endedAtMs }: Run): number {
    return this.#nowMs() - endedAtMs
  }
}

export function isCommand(source: string): boolean {
  return source.startsWith('exec:')
}

function runOf(name: string, source: string): string {
  return `${name} ${source}`
}
