import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { endNow, type NodeSocket, type TakeRequest, takeOver } from '../node-socket.ts'
import { type Fed, ParserFeed } from '../parsing/parser-feed.ts'
import { RequestProgress } from '../parsing/request-progress.ts'
import { closeSlowly } from './close-slowly.ts'
import type { Place } from './connection-shares.ts'
import type { Front } from './front.ts'
import { HeldBytes } from './held-bytes.ts'
import type { Keeper } from './kept-bytes.ts'
import { writeInTurns } from './large-writes.ts'
import type { Waiting } from './turns.ts'
import { UnreadBytes } from './unread-bytes.ts'

const gate = Symbol('gate')

/** The gate of a connection; none where a test made the request up. */
export function gateOf(socket: Duplex): ConnectionGate | undefined {
  return (socket as Duplex & { [gate]?: ConnectionGate })[gate]
}

/**
 * Stands between a socket and Node's parser, so that one request of a connection is under way at a time: what comes
 * behind it is kept, one read at most, and read on when its answer has left the write buffer. So nobody makes us owe
 * more than one answer, and whatever is wrong with a later request is found behind the answer to the one before.
 */
export class ConnectionGate implements Keeper, Waiting, Fed {
  readonly #socket: NodeSocket
  readonly #front: Front
  readonly #place: Place
  readonly #feed: ParserFeed
  /** Node's own listener, which we stand in front of. */
  readonly #takeEnd: () => void
  readonly #progress = new RequestProgress()
  readonly #held: HeldBytes
  readonly #unread: UnreadBytes
  #underWay = 0
  /** Nothing more is taken from this connection. */
  #shut = false
  /** The request under way is the last one that is taken. */
  #last = false
  /** The caller has ended its half. */
  #ended = false

  /** To be made right after Node's own listener for connections has run. */
  constructor(socket: Socket, place: Place, front: Front) {
    this.#socket = socket as NodeSocket
    Object.assign(socket, { [gate]: this })
    this.#place = place
    this.#front = front
    const takeBytes = takeOver(socket, 'data', this.#onData) as (bytes: Buffer) => void
    this.#feed = new ParserFeed(this.#socket, this.#progress, takeBytes)
    this.#takeEnd = takeOver(socket, 'end', this.#onEnd) as () => void
    socket.once('close', this.#onClose)
    this.#held = new HeldBytes(this.#socket)
    this.#unread = new UnreadBytes(this.#socket, place)
    socket.resume = this.#resume
    socket.destroySoon = this.#destroySoon
    writeInTurns(socket, front.largeWrites, () => !place.known)
    const { parser } = this.#socket
    if (parser === null) return
    const take = parser.onIncoming
    parser.onIncoming = (request, keepAlive) => this.#begin(request, keepAlive, take)
  }

  get known(): boolean {
    return this.#place.known
  }

  get inBody(): boolean {
    return this.#progress.inBody
  }

  get kept(): number {
    return this.#unread.length + this.#held.length
  }

  /** Whether nothing has come of a request that is still to be answered. */
  get silent(): boolean {
    return this.#underWay === 0 && !this.#held.any && !this.#progress.hasBegun
  }

  /** Somebody has proved on this connection who they are. */
  recognize(): void {
    this.#front.shares.recognize(this.#place)
  }

  end(): void {
    endNow(this.#socket)
  }

  /** How many bytes wait for the reader, and how many the operating system has taken so far. */
  waiting(): { bytes: number; taken: number } {
    return this.#unread.waiting()
  }

  /**
   * Takes nothing more. True when a refusal may be written now; else the answer that has begun, or is owed to a whole
   * request, is the last one, and the connection ends behind it.
   */
  mayRefuse(): boolean {
    const { _httpMessage: message, writable } = this.#socket
    const answered = message ? message.headersSent || message.req.complete : this.#progress.incomplete
    this.shut()
    if (writable && !answered) return true
    if (message && writable) message._last = true
    else closeSlowly(this.#socket)
    return false
  }

  /** Takes nothing more: what still comes is dropped. */
  shut(): void {
    if (this.#shut) return
    this.#shut = true
    this.#drop()
    if (this.#socket.destroyed) return
    Socket.prototype.resume.call(this.#socket)
    this.#held.readOn()
  }

  /** Goes on with what came too early. */
  turn(): void {
    const held = this.#held.take()
    if (held === null || this.#shut) return
    this.#feedParser(held)
    this.#front.kept.note(this)
    if (this.#ended && !this.#held.any) this.#finish()
    else this.#held.readOn()
  }

  readonly #onData = (bytes: Buffer): void => {
    if (this.#shut) return
    if (this.#held.any) this.#hold(bytes)
    else if (this.#mustQueue()) {
      this.#hold(bytes)
      this.#queue()
    } else this.#feedParser(bytes)
  }

  /**
   * A few strangers go on in a turn of the event loop, the others wait: with a request that begins, or with the body of
   * one that has its answer.
   */
  #mustQueue(): boolean {
    return !this.known && this.#underWay === 0 && !this.#front.turns.goOn(this)
  }

  /** Gives the parser what it may have now, and keeps the rest. */
  #feedParser(bytes: Buffer): void {
    const taken = this.#feed.give(bytes, this)
    if (taken === bytes.length || this.#shut) return
    this.#hold(bytes.subarray(taken))
    if (this.mayFeed()) this.#queue()
  }

  /** Whether the parser may have more bytes now. */
  mayFeed(): boolean {
    const { parser, destroyed, _paused } = this.#socket
    if (this.#shut || parser === null || destroyed || _paused) return false
    return this.#progress.inBody ? !this.#socket.isPaused() : this.#underWay === 0
  }

  #begin(request: IncomingMessage, keepAlive: boolean, take: TakeRequest): number {
    this.#progress.begin(request)
    // To a caller that upgrades, what follows is another protocol: none of it is a request.
    if (request.headers.upgrade !== undefined || request.method === 'CONNECT') this.#last = true
    const treatment = take(request, keepAlive && !this.#last)
    const { _httpMessage: message } = this.#socket
    if (message?.req !== request) {
      // CONNECT: nobody will answer it as a request.
      this.#progress.forget()
      return treatment
    }
    this.#underWay++
    message.on('prefinish', this.#noteUnread).on('finish', this.#onAnswered)
    // It may have been answered at once.
    if (message.writableEnded) this.#noteUnread()
    return treatment
  }

  readonly #noteUnread = (): void => {
    if (this.#unread.count()) this.#front.kept.note(this)
  }

  readonly #onAnswered = (): void => {
    this.#underWay--
    this.#noteUnread()
    if (this.#last || this.#socket.writableEnded) this.shut()
    else if (this.#held.any) this.#queue()
    else if (this.#ended) this.#finish()
  }

  #queue(): void {
    this.#front.turns.add(this)
  }

  #hold(bytes: Buffer): void {
    this.#held.add(bytes)
    this.#front.kept.note(this)
  }

  /** Node goes on, for a body's reader or when its own writes have left: so does what came too early. */
  readonly #resume = (): Socket => {
    Socket.prototype.resume.call(this.#socket)
    const waits = this.#held.any && !this.#shut
    if (waits && (this.#progress.inBody || this.#underWay === 0)) this.#queue()
    return this.#socket
  }

  readonly #onEnd = (): void => {
    this.#ended = true
    if (!this.#held.any) this.#finish()
  }

  /** The caller has ended its half, and all that it sent has been taken. */
  #finish(): void {
    if (!this.#shut && this.#socket.parser !== null) this.#takeEnd()
  }

  /** Node ends a connection behind an answer that says so. */
  readonly #destroySoon = (): void => {
    const unread = this.#held.any || this.#last || this.#progress.incomplete
    if (unread && !this.#ended) {
      this.shut()
      closeSlowly(this.#socket)
    } else Socket.prototype.destroySoon.call(this.#socket)
  }

  readonly #onClose = (): void => {
    this.#shut = true
    this.#drop()
    this.#front.kept.forget(this)
  }

  #drop(): void {
    this.#front.turns.remove(this)
    if (this.#held.take() !== null) this.#front.kept.note(this)
  }
}
