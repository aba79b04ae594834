import type { SandboxClock } from './clock.ts'

/** Requests per minute. What is absent or null is not limited. */
export type Quota = {
  readonly per_key_per_minute?: number | null
  readonly per_address_per_minute?: number | null
}

/** What the vendor documents: reads and syncs count together. */
export const publishedQuota = {
  per_key_per_minute: 500,
  per_address_per_minute: 1500
} as const satisfies Quota

const minuteMs = 60_000

/** The upstream's own limits, exact over every window of a minute. Refused requests do not count. */
export class RequestQuota {
  readonly #clock: SandboxClock
  readonly #admittedAt = new Map<string, number[]>()
  #quota: Quota

  constructor(quota: Quota, clock: SandboxClock) {
    this.#quota = quota
    this.#clock = clock
  }

  /** Sets other limits. What was let through before still counts, where it was counted. */
  set(quota: Quota): void {
    this.#quota = quota
  }

  /** Whether one more request is let through; if so it is counted, against both or against none. */
  admits(key: string, address: string): boolean {
    const { per_key_per_minute: perKey = null, per_address_per_minute: perAddress = null } = this.#quota
    // The hot path of a sandbox without limits.
    if (perKey === null && perAddress === null) return true
    const keyTimes = this.#recent(`key ${key}`)
    const addressTimes = this.#recent(`address ${address}`)
    if (perKey !== null && keyTimes.length >= perKey) return false
    if (perAddress !== null && addressTimes.length >= perAddress) return false
    const now = this.#clock.nowMs()
    keyTimes.push(now)
    addressTimes.push(now)
    return true
  }

  #recent(name: string): number[] {
    const times = this.#admittedAt.get(name) ?? []
    const windowStart = this.#clock.nowMs() - minuteMs
    while (times[0] !== undefined && times[0] <= windowStart) times.shift()
    this.#admittedAt.set(name, times)
    return times
  }
}
