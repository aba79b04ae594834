import type { Socket } from 'node:net'
import type { SandboxClock } from './clock.ts'
import { type RawRequest, type Reading, type ReceivedRequest, RequestReader } from './request-reader.ts'
import { type WirePlan, type WireStep, wireSteps } from './wire-plan.ts'
import { playSteps } from './wire-player.ts'

/** What a connection asks of the sandbox. Each call is synchronous: what it records is there before any answer. */
export type ConnectionOwner = {
  readonly clock: SandboxClock
  /** The name of the fault that meets the first bytes of a request with a reset, or null. */
  refusesFirstBytes(connection: Connection, bytes: Buffer): string | null
  /** Records what was read and plans its answer. */
  plan(connection: Connection, reading: Reading): WirePlan
  /** Answers a request for the control endpoint, or false when it is none. */
  control(connection: Connection, request: ReceivedRequest): Promise<void> | false
  /** What arrived of a request that ended unfinished. */
  abandoned(connection: Connection, raw: RawRequest, fault: string | null): void
}

// A client that sends more than this behind an unanswered request is made to wait.
const pipelineLimitBytes = 1024 * 1024

/** One accepted socket: requests are read, recorded and answered one after the other. */
export class Connection {
  /** Counts from 1, in the order of acceptance. */
  readonly number: number
  readonly socket: Socket
  readonly #owner: ConnectionOwner
  readonly #reader: RequestReader
  #answering = false
  #ended = false
  #used = false
  // Held silent or closing: nothing that follows is read as a request.
  #stopped = false

  constructor(number: number, socket: Socket, owner: ConnectionOwner) {
    this.number = number
    this.socket = socket
    this.#owner = owner
    this.#reader = new RequestReader(owner.clock)
    socket.setNoDelay(true)
    socket.on('data', bytes => this.#received(bytes))
    // The client's half is over; what is being answered is still answered.
    socket.on('end', () => this.#halfClosed())
    socket.on('close', () => this.#abandon(null))
    // Resets and broken pipes are this program's daily work; 'close' follows.
    socket.on('error', () => {})
  }

  /** Kept alive, and neither reading nor answering. */
  get idle(): boolean {
    return this.#used && !this.#answering && this.socket.writable && this.#reader.pendingBytes === 0
  }

  /** Does one thing to the connection if it is idle. Answers whether it was. */
  whenIdle(step: WireStep): boolean {
    if (!this.idle) return false
    void playSteps(this.socket, [step], this.#owner.clock)
    return true
  }

  #received(bytes: Buffer): void {
    const isFirst = !this.#answering && this.#reader.pendingBytes === 0
    this.#reader.push(bytes)
    const fault = isFirst ? this.#owner.refusesFirstBytes(this, bytes) : null
    if (fault !== null) {
      this.#abandon(fault)
      this.socket.resetAndDestroy()
      return
    }
    if (this.#answering && this.#reader.pendingBytes > pipelineLimitBytes) this.socket.pause()
    if (!this.#answering) void this.#work()
  }

  async #work(): Promise<void> {
    this.#answering = true
    for (;;) {
      const reading = this.socket.destroyed ? null : this.#reader.next()
      if (reading === null) break
      if (!(await this.#answer(reading))) {
        this.#stopped = true
        if (this.#ended) this.#halfClosed()
        return
      }
    }
    this.#answering = false
    this.socket.resume()
    if (this.#ended) this.#halfClosed()
  }

  async #answer(reading: Reading): Promise<boolean> {
    if (reading.kind === 'request') {
      const controlled = this.#owner.control(this, reading.request)
      if (controlled !== false) {
        await controlled
        return !this.socket.destroyed
      }
    }
    // Only now: a connection that has carried nothing but control requests is none of the upstream's.
    this.#used = true
    const { clock } = this.#owner
    const plan = this.#owner.plan(this, reading)
    const headOnly = reading.kind === 'request' && reading.request.method === 'HEAD'
    const goesOn = await playSteps(this.socket, wireSteps(plan, clock.nowMs(), headOnly), clock)
    if (goesOn && plan.afterwards !== null) this.#schedule(plan.afterwards)
    return goesOn
  }

  #schedule({ waitMs, step }: NonNullable<WirePlan['afterwards']>): void {
    if (waitMs === 0) {
      // Right behind the answer, before the client can have sent anything more.
      void playSteps(this.socket, [step], this.#owner.clock)
      return
    }
    const cancel = this.#owner.clock.after(waitMs, () => {
      this.socket.off('close', cancel)
      this.whenIdle(step)
    })
    this.socket.once('close', cancel)
  }

  #halfClosed(): void {
    this.#ended = true
    if (!this.#answering || this.#stopped) this.socket.end()
  }

  #abandon(fault: string | null): void {
    const raw = this.#reader.remainder()
    if (raw !== null) this.#owner.abandoned(this, raw, fault)
  }
}
