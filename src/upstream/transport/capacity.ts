/** A counting semaphore without waiting: what finds no room is refused. */
export class Capacity {
  readonly #limit: number
  #taken = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Takes this much, or nothing and returns false. */
  tryAcquire(amount: number): boolean {
    if (this.#taken + amount > this.#limit) return false
    this.#taken += amount
    return true
  }

  release(amount: number): void {
    this.#taken -= amount
  }
}
