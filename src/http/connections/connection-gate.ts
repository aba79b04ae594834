import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { endNow, type NodeSocket, type TakeRequest, takeOver } from '../node-socket.ts'
import { type FedConnection, RequestFeed } from '../parsing/request-feed.ts'
import type { BufferBudget, Buffering } from './buffer-budget.ts'
import type { ConnectionQuota, Slot } from './connection-quota.ts'
import { lingeringClose } from './lingering-close.ts'
import { paceWrites } from './pace-writes.ts'
import { ReadAhead } from './read-ahead.ts'
import type { TickQueue } from './tick-queue.ts'
import { WriteBacklog } from './write-backlog.ts'

/** What all connections of a listener share. */
export type SharedLimits = {
  readonly quota: ConnectionQuota
  readonly buffers: BufferBudget
  /** Where connections wait that sent several requests at once, and anonymous ones. Anonymous bodies must not delay requests. */
  readonly queues: Readonly<Record<'authenticated' | 'anonymous' | 'bodies', TickQueue>>
  /** Where large answers to anonymous connections wait. */
  readonly largeWrites: TickQueue
}

const gate = Symbol('gate')

/** The gate of a connection; none where a test made the request up. */
export function gateOf(socket: Duplex): ConnectionGate | undefined {
  return (socket as Duplex & { [gate]?: ConnectionGate })[gate]
}

/**
 * Stands between a socket and Node's parser: one request of a connection is under way at a time, and one read is buffered behind
 * it until the answer has left the write buffer. So the gateway owes a connection one answer at most, and a fault in a later
 * request is found after the answer to the earlier one.
 */
export class ConnectionGate implements Buffering, FedConnection {
  readonly #socket: NodeSocket
  readonly #limits: SharedLimits
  readonly #slot: Slot
  readonly #feed: RequestFeed
  /** Node's own listener, which ours replaces. */
  readonly #onNodeEnd: () => void
  readonly #ahead: ReadAhead
  readonly #backlog: WriteBacklog
  #underWay = 0
  #shut = false
  /** The request under way is the last one that is taken. */
  #last = false
  #ended = false

  /** To be made right after Node's own listener for connections has run. */
  constructor(socket: Socket, slot: Slot, limits: SharedLimits) {
    this.#socket = socket as NodeSocket
    Object.assign(socket, { [gate]: this })
    this.#slot = slot
    this.#limits = limits
    const takeBytes = takeOver(socket, 'data', this.#onData) as (bytes: Buffer) => void
    this.#feed = new RequestFeed(this.#socket, takeBytes)
    this.#onNodeEnd = takeOver(socket, 'end', this.#onEnd) as () => void
    socket.once('close', this.#onClose)
    this.#ahead = new ReadAhead(this.#socket)
    this.#backlog = new WriteBacklog(this.#socket, slot)
    socket.resume = this.#onResume
    socket.destroySoon = this.#onDestroySoon
    paceWrites(socket, limits.largeWrites, () => !this.authenticated)
    const { parser } = this.#socket
    if (parser === null) return
    const take = parser.onIncoming
    parser.onIncoming = (request, keepAlive) => this.#begin(request, keepAlive, take)
  }

  get authenticated(): boolean {
    return this.#slot.authenticated
  }

  get bufferedBytes(): number {
    return this.#backlog.length + this.#ahead.length
  }

  /** Whether no request has begun that is still to be answered. */
  get isIdle(): boolean {
    return this.#underWay === 0 && !this.#ahead.any && !this.#feed.hasBegun
  }

  authenticate(): void {
    this.#limits.quota.authenticate(this.#slot)
  }

  end(): void {
    endNow(this.#socket)
  }

  isStalled(nowMs: number, stallMs: number): boolean {
    return this.#backlog.isStalled(nowMs, stallMs)
  }

  /** Takes nothing more. True when a refusal may be written now; else the connection ends after the answer under way or owed. */
  closeForRejection(): boolean {
    const { _httpMessage: message, writable } = this.#socket
    const answered = message ? message.headersSent || message.req.complete : this.#feed.incomplete
    this.shut()
    if (writable && !answered) return true
    if (message && writable) message._last = true
    else lingeringClose(this.#socket)
    return false
  }

  /** Takes nothing more: what still comes is dropped. */
  shut(): void {
    if (this.#shut) return
    this.#shut = true
    this.#dropAhead()
    if (this.#socket.destroyed) return
    Socket.prototype.resume.call(this.#socket)
    this.#ahead.readOn()
  }

  readonly #resume = (): void => {
    const ahead = this.#ahead.take()
    if (ahead === null || this.#shut) return
    this.#feedParser(ahead)
    this.#limits.buffers.update(this)
    if (this.#ended && !this.#ahead.any) this.#finish()
    else this.#ahead.readOn()
  }

  readonly #onData = (bytes: Buffer): void => {
    if (this.#shut) return
    if (this.#ahead.any) this.#buffer(bytes)
    else if (this.#mustQueue()) {
      this.#buffer(bytes)
      this.#queue.add(this.#resume)
    } else this.#feedParser(bytes)
  }

  /** Anonymous connections queue for a request that begins, and for the body of one that has its answer. */
  #mustQueue(): boolean {
    return !this.authenticated && this.#underWay === 0 && !this.#queue.tryPass()
  }

  get #queue(): TickQueue {
    const { authenticated, anonymous, bodies } = this.#limits.queues
    if (this.authenticated) return authenticated
    return this.#feed.inBody ? bodies : anonymous
  }

  /** Gives the parser what it may have now, and buffers the rest. */
  #feedParser(bytes: Buffer): void {
    const taken = this.#feed.give(bytes, this)
    if (taken === bytes.length || this.#shut) return
    this.#buffer(bytes.subarray(taken))
    if (this.mayFeed()) this.#queue.add(this.#resume)
  }

  mayFeed(): boolean {
    const { parser, destroyed, _paused } = this.#socket
    if (this.#shut || parser === null || destroyed || _paused) return false
    return this.#feed.inBody ? !this.#socket.isPaused() : this.#underWay === 0
  }

  #begin(request: IncomingMessage, keepAlive: boolean, take: TakeRequest): number {
    this.#feed.begin(request)
    // To a caller that upgrades, what follows is another protocol: none of it is a request.
    if (request.headers.upgrade !== undefined || request.method === 'CONNECT') this.#last = true
    const treatment = take(request, keepAlive && !this.#last)
    const { _httpMessage: message } = this.#socket
    if (message?.req !== request) {
      // CONNECT: nobody will answer it as a request.
      this.#feed.forget()
      return treatment
    }
    this.#underWay++
    message.on('prefinish', this.#countBacklog).on('finish', this.#onAnswered)
    // It may have been answered at once.
    if (message.writableEnded) this.#countBacklog()
    return treatment
  }

  readonly #countBacklog = (): void => {
    if (this.#backlog.count()) this.#limits.buffers.update(this)
  }

  readonly #onAnswered = (): void => {
    this.#underWay--
    this.#countBacklog()
    if (this.#last || this.#socket.writableEnded) this.shut()
    else if (this.#ahead.any) this.#queue.add(this.#resume)
    else if (this.#ended) this.#finish()
  }

  #buffer(bytes: Buffer): void {
    this.#ahead.add(bytes)
    this.#limits.buffers.update(this)
  }

  /** Node reads on, for a body's reader or when its own writes have left: what was read ahead goes first. */
  readonly #onResume = (): Socket => {
    Socket.prototype.resume.call(this.#socket)
    const isWaiting = this.#ahead.any && !this.#shut
    if (isWaiting && (this.#feed.inBody || this.#underWay === 0)) this.#queue.add(this.#resume)
    return this.#socket
  }

  readonly #onEnd = (): void => {
    this.#ended = true
    if (!this.#ahead.any) this.#finish()
  }

  /** The caller has ended its half, and all that it sent has been taken. */
  #finish(): void {
    if (!this.#shut && this.#socket.parser !== null) this.#onNodeEnd()
  }

  /** Node ends a connection after an answer that says so. */
  readonly #onDestroySoon = (): void => {
    const hasUnread = this.#ahead.any || this.#last || this.#feed.incomplete
    if (!hasUnread || this.#ended) return void Socket.prototype.destroySoon.call(this.#socket)
    this.shut()
    lingeringClose(this.#socket)
  }

  readonly #onClose = (): void => {
    this.#shut = true
    this.#dropAhead()
    this.#limits.buffers.remove(this)
  }

  #dropAhead(): void {
    // It may have authenticated, or come to its body, while it waited.
    for (const queue of Object.values(this.#limits.queues)) queue.remove(this.#resume)
    if (this.#ahead.take() !== null) this.#limits.buffers.update(this)
  }
}
