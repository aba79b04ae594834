import type { MessagePort, Transferable, Worker } from 'node:worker_threads'
import { DomainError } from './domain-error.ts'

/** What a thread can do. Payloads and results travel by structured clone. */
export type Jobs = Readonly<Record<string, (payload: never) => unknown>>

type Request = { id: number; job: string; payload: unknown }
/** A clone of an error keeps its message, stack and cause; its class, name and code travel beside it. */
type Thrown = { id: number; error: Error; isDomainError: boolean; name: string; code: string }
type Reply = { id: number; result: unknown } | Thrown

/** Thread side: handles one request after the other. */
export function serveRpc(port: MessagePort, jobs: Jobs): void {
  let previous: Promise<void> = Promise.resolve()
  port.on('message', (request: Request) => {
    previous = previous.then(async () => port.postMessage(await perform(jobs, request)))
  })
}

async function perform(jobs: Jobs, { id, job, payload }: Request): Promise<Reply> {
  try {
    return { id, result: await jobs[job]?.(payload as never) }
  } catch (error) {
    const thrown = toError(error)
    const { name, code = '' } = thrown as NodeJS.ErrnoException
    return { id, error: thrown, isDomainError: thrown instanceof DomainError, name, code }
  }
}

/** The error as the other side threw it: a DomainError again, or with its name and code. */
function revive({ error, isDomainError, name, code }: Thrown): Error {
  const { message, cause, stack = '' } = error
  return isDomainError
    ? Object.assign(new DomainError(code, message, { cause }), { stack })
    : Object.assign(error, { name, ...(code !== '' && { code }) })
}

/** Caller side: one promise a request. Once the thread has ended, all requests are rejected. */
export class RpcClient<J extends Jobs> {
  readonly #worker: Worker
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  #nextId = 1
  #ended: Error | null = null
  /** Resolves when the thread has ended, for whatever reason. */
  readonly ended: Promise<Error>

  constructor(worker: Worker) {
    this.#worker = worker
    worker.on('message', (reply: Reply) => {
      const waiting = this.#waiting.get(reply.id)
      this.#waiting.delete(reply.id)
      if ('error' in reply) waiting?.reject(revive(reply))
      else waiting?.resolve(reply.result)
    })
    worker.on('error', error => this.#end(toError(error)))
    this.ended = new Promise(resolve => {
      worker.on('exit', () => resolve(this.#end(new Error('the thread has ended'))))
    })
  }

  /** Objects in `transfer` move to the thread. */
  call<N extends keyof J & string>(
    job: N,
    payload: Parameters<J[N]>[0],
    transfer: readonly Transferable[] = []
  ): Promise<Awaited<ReturnType<J[N]>>> {
    if (this.#ended) return Promise.reject(this.#ended)
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject })
      this.#worker.postMessage({ id, job, payload } satisfies Request, transfer)
    })
  }

  #end(error: Error): Error {
    this.#ended ??= error
    for (const waiting of this.#waiting.values()) waiting.reject(this.#ended)
    this.#waiting.clear()
    return this.#ended
  }
}

function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}
