import { hasCode } from '../contract/error-table.ts'
import { Problem } from '../contract/problem.ts'
import { withDeadline } from '../store/deadline.ts'

/** How many requests of a kind of client may wait, with the one that the thread works on. The clients of a kind share them. */
export type Slots = { readonly kind: string; readonly count: number }

type Job = {
  readonly run: () => Promise<void>
  readonly reject: (problem: Problem) => void
  /** Its caller waits no longer. */
  abandoned: boolean
}

type Client = {
  readonly key: string
  readonly slots: Slots
  readonly jobs: Job[]
  isServed: boolean
  /** How long the thread has worked for it since the queue was last empty, in milliseconds. */
  usedMs: number
}

/** More than can wait at once, with those served lately. */
const maxClients = 256

/**
 * Shares a thread that works on one request at a time: the client that has used it least is served next. Requests wait here, so
 * that one with many or slow requests does not keep the others waiting.
 */
export class FairQueue {
  /** The one served last stands last, so that equals take turns. */
  readonly #clients = new Map<string, Client>()
  readonly #nowMs: () => number
  #isBusy = false

  /** `nowMs`: milliseconds of a clock that never steps back. */
  constructor(nowMs = () => performance.now()) {
    this.#nowMs = nowMs
  }

  /**
   * The result of `work`. When the slots are taken, the client with most of them loses its newest request. Throws `overloaded`
   * then, `store_timeout`, or what the work throws.
   */
  async wait<T>(slots: Slots, name: string, work: () => Promise<T>): Promise<T> {
    const client = this.#clientOf(slots, name)
    this.#requireSlot(client)
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const run = () => Promise.resolve().then(work).then(resolve, reject)
    const job: Job = { run, reject, abandoned: false }
    client.jobs.push(job)
    this.#serveNext()
    try {
      return await withDeadline(promise)
    } catch (error) {
      // It keeps its slot until the thread is free: with a thread that hangs, no more may come to wait.
      if (hasCode(error, 'store_timeout')) job.abandoned = true
      throw error
    }
  }

  #clientOf(slots: Slots, name: string): Client {
    const key = `${slots.kind} ${name}`
    const client = this.#clients.get(key) ?? { key, slots, jobs: [], isServed: false, usedMs: 0 }
    if (slotsOf(client) === 0) {
      // Time in which it did not ask is not saved up.
      const waiting = [...this.#clients.values()].filter(other => slotsOf(other) > 0)
      if (waiting.length > 0)
        client.usedMs = Math.max(client.usedMs, Math.min(...waiting.map(({ usedMs }) => usedMs)))
    }
    if (!this.#clients.has(key)) this.#forgetOne()
    this.#clients.set(key, client)
    return client
  }

  #forgetOne(): void {
    if (this.#clients.size < maxClients) return
    const idle = this.#clients.values().find(client => slotsOf(client) === 0)
    if (idle) this.#clients.delete(idle.key)
  }

  #requireSlot(newcomer: Client): void {
    const sharing = [...this.#clients.values()].filter(({ slots }) => slots.kind === newcomer.slots.kind)
    if (sharing.reduce((sum, client) => sum + slotsOf(client), 0) < newcomer.slots.count) return
    const most = sharing.reduce((one, other) => (other.jobs.length > one.jobs.length ? other : one))
    // Equals do not displace each other: the slot would only go back and forth.
    if (most.jobs.length < slotsOf(newcomer) + 2) throw overloaded()
    most.jobs.pop()?.reject(overloaded())
  }

  #serveNext(): void {
    if (this.#isBusy) return
    const client = this.#leastServed()
    const job = client?.jobs.shift()
    if (!client || !job) {
      this.#clients.clear()
      return
    }
    const begunMs = this.#nowMs()
    this.#isBusy = client.isServed = true
    void job.run().then(() => {
      this.#isBusy = client.isServed = false
      client.usedMs += this.#nowMs() - begunMs
      this.#clients.delete(client.key)
      this.#clients.set(client.key, client)
      this.#serveNext()
    })
  }

  #leastServed(): Client | undefined {
    let least: Client | undefined
    for (const client of this.#clients.values()) {
      // All requests of a client may wait equally long: the abandoned ones are its first.
      while (client.jobs[0]?.abandoned) client.jobs.shift()
      if (client.jobs.length > 0 && client.usedMs < (least?.usedMs ?? Number.POSITIVE_INFINITY))
        least = client
    }
    return least
  }
}

function slotsOf({ jobs, isServed }: Client): number {
  return jobs.length + (isServed ? 1 : 0)
}

function overloaded(): Problem {
  return new Problem('overloaded', { retryAfter: 1 })
}
