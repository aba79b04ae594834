/** Tenants are read by another way: by then it is known everywhere in this process which credentials they have now. */
const leavesAfterMs = 1000

/**
 * Credentials that were removed, and are held for a moment longer: of tenants that got another one in the same change, some
 * calls still come with the one before. Times are monotonic milliseconds.
 */
export class RetiringCredentials {
  readonly #untilMs = new Map<string, number>()
  readonly #nowMs: () => number

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs
  }

  /** Those that go on for now, of all that are held, when these are to stay. */
  among(held: Iterable<string>, staying: Pick<ReadonlySet<string>, 'has'>): string[] {
    const leaving = [...held].filter(name => !staying.has(name))
    for (const name of this.#untilMs.keys()) if (!leaving.includes(name)) this.#untilMs.delete(name)
    for (const name of leaving)
      this.#untilMs.set(name, this.#untilMs.get(name) ?? this.#nowMs() + leavesAfterMs)
    return leaving
  }

  /** Those whose time is over, each told once. */
  takeOverdue(): string[] {
    const overdue = [...this.#untilMs].filter(([, untilMs]) => this.#nowMs() >= untilMs).map(([name]) => name)
    for (const name of overdue) this.#untilMs.delete(name)
    return overdue
  }
}
