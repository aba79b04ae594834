import type { CredentialPool } from '../custody/credential-pool.ts'
import type { HeldVersion, KeyHandle } from '../custody/key-handle.ts'
import type { EventPublisher } from '../telemetry/events.ts'

export type BreakerOptions = {
  readonly credentials: Pick<CredentialPool, 'held'>
  readonly events: EventPublisher
  /** In monotonic milliseconds. */
  readonly nowMs?: () => number
}

/** The rejections in a row of one credential. */
type Circuit = {
  /** The active version that they count for: another one begins with a closed breaker. */
  readonly active: HeldVersion
  rejections: number
  openUntilMs: number
}

/** This many rejections in a row open the breaker: the key is bad, and more calls would only hammer. */
const rejectionsToOpen = 3
/** After this long one call tries whether the key is accepted again. */
const openForMs = 30_000

/** Stops calls with a credential whose key the upstream rejects again and again. */
export class Breaker {
  readonly #options: BreakerOptions
  readonly #nowMs: () => number
  /** Of the credentials that were rejected the last time: usually empty. */
  readonly #circuits = new Map<string, Circuit>()
  /** Calls that try whether the key is accepted again. */
  readonly #trials = new WeakSet<KeyHandle>()

  constructor(options: BreakerOptions) {
    this.#options = options
    this.#nowMs = options.nowMs ?? (() => performance.now())
  }

  /** Admits a call with the active key (0), or returns for how many seconds none is admitted. */
  admit(key: KeyHandle): number {
    const circuit = this.#openCircuit(key.name)
    if (!circuit) return 0
    const nowMs = this.#nowMs()
    if (nowMs < circuit.openUntilMs) return Math.ceil((circuit.openUntilMs - nowMs) / 1000)
    // The others wait for the outcome of this one.
    circuit.openUntilMs = nowMs + openForMs
    this.#trials.add(key)
    return 0
  }

  /** For how many seconds a call that was admitted, and is not sent yet, is held back: 0 when it may be sent. */
  waitSeconds(key: KeyHandle): number {
    const circuit = this.#openCircuit(key.name)
    if (!circuit || this.#trials.has(key)) return 0
    return Math.max(1, Math.ceil((circuit.openUntilMs - this.#nowMs()) / 1000))
  }

  /** The upstream rejected every version of the credential that could be tried. */
  reportRejected(name: string): void {
    const { credentials, events } = this.#options
    const { active } = credentials.held(name)
    if (!active) return
    const circuit = this.#circuit(name) ?? { active, rejections: 0, openUntilMs: 0 }
    this.#circuits.set(name, circuit)
    circuit.rejections++
    if (circuit.rejections < rejectionsToOpen) return
    circuit.openUntilMs = this.#nowMs() + openForMs
    if (circuit.rejections === rejectionsToOpen) events.publish('breaker.opened', { credential: name })
  }

  /** The upstream accepted a key of the credential. */
  reportAccepted(name: string): void {
    const circuit = this.#openCircuit(name)
    this.#circuits.delete(name)
    if (circuit) this.#options.events.publish('breaker.closed', { credential: name })
  }

  isOpen(name: string): boolean {
    return this.#openCircuit(name) !== undefined
  }

  /** Whether the breaker of any credential is open. */
  get isAnyOpen(): boolean {
    return this.#circuits.keys().some(name => this.isOpen(name))
  }

  /** Whether the upstream rejected any credential the last time. */
  get hasRejections(): boolean {
    return this.#circuits.keys().some(name => this.#circuit(name) !== undefined)
  }

  #circuit(name: string): Circuit | undefined {
    const circuit = this.#circuits.get(name)
    if (!circuit || this.#options.credentials.held(name).active === circuit.active) return circuit
    this.#circuits.delete(name)
    return undefined
  }

  #openCircuit(name: string): Circuit | undefined {
    const circuit = this.#circuit(name)
    return circuit && circuit.rejections >= rejectionsToOpen ? circuit : undefined
  }
}
