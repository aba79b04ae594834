import type { EventPublisher } from '../../telemetry/events.ts'
import type { CredentialSnapshot } from '../credential-snapshot.ts'
import type { KeyMaterial } from '../key-material.ts'
import { fetchMaterial, type SecretSources } from '../load-version.ts'
import { ExecSchedule } from './exec-schedule.ts'

export type SecretWatchOptions = {
  readonly sources: SecretSources
  readonly execRefreshMs: number
  readonly events: EventPublisher
  /** Whether the first command is reported: the first process of a container inherits what commands leave behind, and reaps none. */
  readonly reportsCommand: boolean
}

type Opening = Pick<CredentialSnapshot, 'fingerprintKey'>

/** The references behind credentials, and when it is time to ask each of them. */
export class SecretWatch {
  readonly #sources: SecretSources
  readonly #commands: ExecSchedule
  readonly #events: EventPublisher
  #reportsCommand: boolean
  readonly #closing = new AbortController()
  /** The fingerprint of what each file gave the last time. */
  readonly #lastRead = new Map<string, string>()

  constructor({ sources: { env, commands }, execRefreshMs, events, reportsCommand }: SecretWatchOptions) {
    this.#events = events
    this.#reportsCommand = reportsCommand
    this.#sources = { env, commands: { ...commands, signal: this.#closing.signal } }
    this.#commands = new ExecSchedule({ refreshMs: execRefreshMs })
  }

  /** The key that the reference of a credential gives now. Throws SecretUnavailable. */
  materialOf(source: string, opening: Opening): Promise<KeyMaterial> {
    if (isCommand(source) && this.#reportsCommand) {
      this.#reportsCommand = false
      this.#events.publish('exec.without_init', {})
    }
    return fetchMaterial(source, opening, this.#sources)
  }

  /** Whether it may be asked at all: a command not while it runs, or has just failed. */
  mayAsk(name: string, source: string): boolean {
    return !isCommand(source) || this.#commands.mayRun(placeOf(name, source))
  }

  /** Whether it is time to look if it gives another key. A credential that has none (`isMissing`) cannot wait. */
  isDue(name: string, source: string, isMissing: boolean): boolean {
    if (isCommand(source)) return this.#commands.isDue(placeOf(name, source), isMissing)
    // The environment of a process does not change.
    return isMissing || source.startsWith('file:')
  }

  /** Makes all commands due. Returns how many they are. */
  expireCommands(): number {
    return this.#commands.expire()
  }

  /** Does what begins with asking it. What a command takes counts, and so does whether it came to a good end. */
  ask<T>(name: string, source: string, work: () => Promise<T>): Promise<T> {
    return isCommand(source) ? this.#commands.run(placeOf(name, source), work) : work()
  }

  /** Whether it has given this key for good: a file that is just being written gives a part of it. */
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
}

export function isCommand(source: string): boolean {
  return source.startsWith('exec:')
}

/** What a command is run for: two credentials may have the same. */
function placeOf(name: string, source: string): string {
  return `${name} ${source}`
}
