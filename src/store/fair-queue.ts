import { hasCode } from '../contract/error-table.ts'
import { Problem } from '../contract/problem.ts'
import { withDeadline } from './bounded-queue.ts'

/** Slots for a kind of askers, who share them: so many of their requests wait at most, with the one that is at work. */
export type Slots = { readonly kind: string; readonly count: number }

type Job = {
  readonly work: () => Promise<void>
  readonly refuse: (problem: Problem) => void
  abandoned: boolean
}

/** Who waits for one another: the requests of one asker, in their order. */
type Group = {
  readonly slots: Slots
  readonly jobs: Job[]
  atWork: boolean
  /** How long the thread has worked for it, in milliseconds, since anybody began to wait. */
  usedMs: number
}

/** More than can wait at once, with those that were served lately. */
const maxGroups = 256

/**
 * Shares a thread that does one thing after the other among many who ask. Whoever has used it least comes next, so an
 * asker with many or slow requests waits longer, and the others do not. Requests wait here, not with the thread:
 * only one is ever with it.
 */
export class FairQueue {
  /** Who was served last stands last, so that equals take turns. */
  readonly #groups = new Map<string, Group>()
  readonly #nowMs: () => number
  #atWork = false

  /** `nowMs`: milliseconds of a clock that never steps back. */
  constructor(nowMs = () => performance.now()) {
    this.#nowMs = nowMs
  }

  /**
   * What the thread answers to `work`, for the asker `name` of a kind. When the slots are taken, whoever has the most of
   * them gives up its newest. Throws `overloaded` then, `store_timeout`, or what the work throws.
   */
  async wait<T>(slots: Slots, name: string, work: () => Promise<T>): Promise<T> {
    const group = this.#groupOf(slots, name)
    this.#requireSlot(group)
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const job: Job = {
      work: () => Promise.resolve().then(work).then(resolve, reject),
      refuse: reject,
      abandoned: false
    }
    group.jobs.push(job)
    this.#workOn()
    try {
      return await withDeadline(promise)
    } catch (error) {
      // Its slot stays taken until the thread is free: a thread that hangs does not let ever more come to wait for it.
      if (hasCode(error, 'store_timeout')) job.abandoned = true
      throw error
    }
  }

  #groupOf(slots: Slots, name: string): Group {
    const key = `${slots.kind} ${name}`
    const group = this.#groups.get(key) ?? { slots, jobs: [], atWork: false, usedMs: 0 }
    if (held(group) === 0) {
      // Time in which it did not ask is not saved up.
      const waiting = [...this.#groups.values()].filter(other => held(other) > 0)
      if (waiting.length > 0)
        group.usedMs = Math.max(group.usedMs, Math.min(...waiting.map(({ usedMs }) => usedMs)))
    }
    if (!this.#groups.has(key)) this.#forgetOne()
    return this.#groups.set(key, group).get(key) as Group
  }

  #forgetOne(): void {
    if (this.#groups.size < maxGroups) return
    for (const [key, group] of this.#groups)
      if (held(group) === 0) {
        this.#groups.delete(key)
        return
      }
  }

  #requireSlot(newcomer: Group): void {
    const sharing = [...this.#groups.values()].filter(({ slots }) => slots.kind === newcomer.slots.kind)
    if (sharing.reduce((sum, group) => sum + held(group), 0) < newcomer.slots.count) return
    const most = sharing.reduce((one, other) => (other.jobs.length > one.jobs.length ? other : one))
    // Among equals nobody gives way: the slot would only go back and forth.
    if (most.jobs.length < held(newcomer) + 2) throw overloaded()
    most.jobs.pop()?.refuse(overloaded())
  }

  #workOn(): void {
    if (this.#atWork) return
    const next = this.#leastServed()
    const job = next?.[1].jobs.shift()
    if (next === null || job === undefined) {
      this.#groups.clear()
      return
    }
    const [key, group] = next
    const begunMs = this.#nowMs()
    this.#atWork = group.atWork = true
    void job.work().then(() => {
      this.#atWork = group.atWork = false
      group.usedMs += this.#nowMs() - begunMs
      this.#groups.delete(key)
      this.#groups.set(key, group)
      this.#workOn()
    })
  }

  #leastServed(): [key: string, group: Group] | null {
    let least: [string, Group] | null = null
    for (const entry of this.#groups) {
      const [, group] = entry
      // All of one group may wait equally long: those that nobody waits for any more are its first.
      while (group.jobs[0]?.abandoned) group.jobs.shift()
      if (group.jobs.length > 0 && (least === null || group.usedMs < least[1].usedMs)) least = entry
    }
    return least
  }
}

function held({ jobs, atWork }: Group): number {
  return jobs.length + (atWork ? 1 : 0)
}

function overloaded(): Problem {
  return new Problem('overloaded', { retryAfter: 1 })
}
