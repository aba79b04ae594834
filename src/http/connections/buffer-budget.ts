/** A connection with buffered bytes: those that it sent ahead, and those that it does not read. */
export type Buffering = {
  readonly bufferedBytes: number
  readonly authenticated: boolean
  end(): void
}

/** Bounds the buffered bytes of all connections. Past the bound those end that have had some longest, anonymous ones first. */
export class BufferBudget {
  readonly #bound: number
  readonly #bytesOf = new Map<Buffering, number>()
  #total = 0
  ended = 0

  constructor(bound: number) {
    this.#bound = bound
  }

  get total(): number {
    return this.#total
  }

  update(connection: Buffering): void {
    const bytes = connection.bufferedBytes
    this.#total += bytes - (this.#bytesOf.get(connection) ?? 0)
    if (bytes === 0) this.#bytesOf.delete(connection)
    else this.#bytesOf.set(connection, bytes)
    while (this.#total > this.#bound) this.#endOne()
  }

  remove(connection: Buffering): void {
    this.#total -= this.#bytesOf.get(connection) ?? 0
    this.#bytesOf.delete(connection)
  }

  #endOne(): void {
    const [longest] = this.#bytesOf.keys()
    const connection = this.#bytesOf.keys().find(({ authenticated }) => !authenticated) ?? longest
    if (connection === undefined) return
    this.remove(connection)
    this.ended++
    connection.end()
  }
}
