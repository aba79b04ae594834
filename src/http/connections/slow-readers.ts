import type { ConnectionGate } from './connection-gate.ts'

type Reader = Pick<ConnectionGate, 'waiting' | 'end'>

/** Ends connections that do not read: bytes wait for them, and for a while the operating system has taken none. */
export class SlowReaders {
  readonly #stallMs: number
  readonly #stalls = new Map<Reader, { taken: number; sinceMs: number }>()
  /** How many connections ended for it so far. */
  ended = 0

  constructor(stallMs: number) {
    this.#stallMs = stallMs
  }

  /** Looks at all connections. To be called every second or so, with a clock that goes on evenly. */
  look(readers: Iterable<Reader>, nowMs: number): void {
    for (const reader of readers) {
      const { bytes, taken } = reader.waiting()
      const stall = this.#stalls.get(reader)
      if (bytes === 0) this.#stalls.delete(reader)
      else if (stall?.taken !== taken) this.#stalls.set(reader, { taken, sinceMs: nowMs })
      else if (nowMs - stall.sinceMs >= this.#stallMs) {
        this.#stalls.delete(reader)
        this.ended++
        reader.end()
      }
    }
  }

  forget(reader: Reader): void {
    this.#stalls.delete(reader)
  }
}
