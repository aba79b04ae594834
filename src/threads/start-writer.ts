import { Worker } from 'node:worker_threads'
import { RpcClient } from '../base/rpc.ts'
import { workerEntry } from '../base/worker-entry.ts'
import type { Config } from '../config/config.ts'
import type { Opened, Sealed, WriterJobs, WriterThreadData } from './writer-thread.ts'

export type WriterThreadOptions = {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly pid: number
  /** The thread has ended by itself: nothing can be recorded, so the process should end too. */
  readonly onStoreLost?: (error: Error) => void
}

/** The writer's thread, with the store open. */
export type WriterThread = {
  readonly store: RpcClient<WriterJobs>
  readonly opened: Opened | Sealed
  close(): Promise<void>
}

/** Enough for its batches, which are short-lived texts. The default is four times as much. */
const threadYoungGenerationMb = 4

/** Starts the thread and opens the store on it. Throws `store_unavailable`. */
export async function startWriterThread(
  { storeUrl, masterKey, masterKeyIsDefault, execEnvironment }: Config,
  { env, pid, onStoreLost }: WriterThreadOptions
): Promise<WriterThread> {
  const workerData: WriterThreadData = { storeUrl, masterKey, masterKeyIsDefault, execEnvironment, pid }
  const worker = new Worker(workerEntry(import.meta.url, 'writer-thread'), {
    workerData,
    env: { ...env },
    // A diagnostic report lists the environment of the process once for each thread.
    execArgv: ['--report-exclude-env'],
    resourceLimits: { maxYoungGenerationSizeMb: threadYoungGenerationMb }
  })
  const store = new RpcClient<WriterJobs>(worker)
  const opened = await store.call('open', undefined).catch(async error => {
    await worker.terminate()
    throw error
  })

  let closing = false
  store.ended.then(error => {
    if (!closing) onStoreLost?.(error)
  })
  return {
    store,
    opened,
    async close() {
      closing = true
      await store.call('close', undefined).finally(() => worker.terminate())
    }
  }
}
