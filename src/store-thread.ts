/**
 * The store's thread: the process's one connection to SQLite, off the event loop, so that a slow or hung disk never
 * keeps a request from being answered. `gateway.ts` starts it; what it can be asked is `StoreJobs`.
 */
import assert from 'node:assert/strict'
import { parentPort, workerData } from 'node:worker_threads'
import { openMasterKeyOf } from './custody/master-key-check.ts'
import { unpackDrafts } from './ledger/draft.ts'
import { type Recovery, recoverDeadWriters } from './ledger/recover.ts'
import { LedgerWriter } from './ledger/writer.ts'
import { openStoreFile, type StoreFile } from './store/store-file.ts'
import { serveJobs } from './store/thread-call.ts'
import { apiKeyPepper, type Pepper } from './tenants/api-key.ts'
import type { DirectoryChanges, DirectorySnapshot } from './tenants/directory-rows.ts'
import { readChanges, readSnapshot, writeKeyUses } from './tenants/directory-source.ts'

/** What the thread is started with. */
export type StoreThreadData = {
  storeUrl: string
  masterKey: string
  createMasterKey: boolean
  version: string
  pid: number
}

export type Opened = {
  snapshot: DirectorySnapshot
  pepper: Pepper
  writer: string
  recovered: Recovery[]
}

let store: StoreFile
let writer: LedgerWriter

const jobs = {
  /** Opens the store, closes what dead writers left open, and reads the directory. Must come first. */
  async open(): Promise<Opened> {
    const { storeUrl, masterKey, createMasterKey, version, pid } = workerData as StoreThreadData
    store = await openStoreFile(storeUrl)
    const master = openMasterKeyOf(store, masterKey, process.env, { createIfAbsent: createMasterKey })
    writer = LedgerWriter.open(store, { role: 'gateway', version, pid }, new Date())
    const recovered = recoverDeadWriters(store, writer, new Date())
    return {
      snapshot: readSnapshot(store),
      pepper: apiKeyPepper(master),
      writer: writer.head.writer,
      recovered
    }
  },

  /** Makes a batch of entries, as packed by `packDrafts`, durable: all or none. Returns the calls whose outcome came too late. */
  append(batch: string): string[] {
    return writer.append(unpackDrafts(batch), performance.now())
  },

  /** The tenants that changed since the last change seen, or null. */
  changes(lastChange: number): DirectoryChanges | null {
    return readChanges(store, lastChange)
  },

  writeKeyUses(uses: ReadonlyMap<string, number>): void {
    writeKeyUses(store, uses)
  },

  /** Ends the chain and closes the store. Must come last. */
  close(): void {
    writer.close(new Date())
    store.close()
  }
}
export type StoreJobs = typeof jobs

// A diagnostic report has a part for each thread, and lists the environment in each.
process.report.excludeEnv = true
assert(parentPort, 'this file is the entry of a thread')
serveJobs(parentPort, jobs)
