import type { MessagePort } from 'node:worker_threads'

/** The writer's thread sends `end` and `go_on`, a reader answers the first with `ended`. */
type Message = 'end' | 'go_on' | 'ended'

/**
 * Writer's side: the other threads of this process that have the store open. While one has, SQLite keeps its state of the files:
 * locks that may be lost, and the index of a log that may be gone.
 */
export class ReaderConnections {
  readonly #waiting = new Map<MessagePort, (() => void)[]>()

  /** Lets a thread open the store. */
  add(port: MessagePort): void {
    this.#waiting.set(port, [])
    port.on('message', () => this.#ended(port))
    port.on('close', () => {
      this.#ended(port)
      this.#waiting.delete(port)
    })
    port.postMessage('go_on' satisfies Message)
  }

  /** Runs `work` while no other thread has the store open. */
  async without<T>(work: () => T): Promise<T> {
    const ports = [...this.#waiting]
    await Promise.all(
      ports.map(([port, waiting]) => {
        port.postMessage('end' satisfies Message)
        return new Promise<void>(resolve => waiting.push(resolve))
      })
    )
    try {
      return work()
    } finally {
      for (const [port] of ports) port.postMessage('go_on' satisfies Message)
    }
  }

  #ended(port: MessagePort): void {
    for (const resolve of this.#waiting.get(port)?.splice(0) ?? []) resolve()
  }
}

/** Reader's side: a connection that closes when the writer's thread asks for it, and opens again when that is done. */
export class RevocableConnection<S extends { readonly raw: { close(): void } }> {
  readonly #open: () => S
  #store: S | null = null
  #underWay: Promise<unknown> = Promise.resolve()
  /** Pending while the store may not be open here. */
  #permission = Promise.withResolvers<void>()
  #mayOpen = false

  constructor(port: MessagePort, open: () => S) {
    this.#open = open
    port.on('message', (message: Message) => {
      if (message === 'end') void this.#end(port)
      else this.#goOn()
    })
  }

  /** Runs `work` on the open store. The caller waits for each before the next. */
  async use<T>(work: (store: S) => T | Promise<T>): Promise<T> {
    while (!this.#mayOpen) await this.#permission.promise
    const working = this.#run(work)
    // Its caller gets the error: here it only has to be over.
    this.#underWay = working.catch(() => {})
    return await working
  }

  /** Closes the store; the next use opens it again. */
  close(): void {
    this.#store?.raw.close()
    this.#store = null
  }

  async #run<T>(work: (store: S) => T | Promise<T>): Promise<T> {
    this.#store ??= this.#open()
    return await work(this.#store)
  }

  async #end(port: MessagePort): Promise<void> {
    if (this.#mayOpen) this.#permission = Promise.withResolvers<void>()
    this.#mayOpen = false
    await this.#underWay
    this.close()
    port.postMessage('ended' satisfies Message)
  }

  #goOn(): void {
    this.#mayOpen = true
    this.#permission.resolve()
  }
}
