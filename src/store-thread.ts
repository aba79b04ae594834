/**
 * The store's thread: the process's one connection to SQLite, off the event loop, so that a slow or hung disk never
 * keeps a request from being answered. `gateway.ts` starts it; what it can be asked is `StoreJobs`.
 */
import assert from 'node:assert/strict'
import { parentPort, workerData } from 'node:worker_threads'
import { ledgerSigner } from './custody/ledger-signer.ts'
import { openMasterKeyOf } from './custody/master-key-check.ts'
import { unpackDrafts } from './ledger/draft.ts'
import { type Recovery, recoverDeadWriters } from './ledger/recover.ts'
import { LedgerWriter } from './ledger/writer.ts'
import { toStoreFault } from './store/store-fault.ts'
import { openStoreFile, type StoreFile } from './store/store-file.ts'
import { serveJobs } from './store/thread-call.ts'
import { apiKeyPepper, type Pepper } from './tenants/api-key.ts'
import type { DirectoryChanges, DirectorySnapshot, TenantPage } from './tenants/directory-rows.ts'
import { readChanges, readPage, readSnapshot, writeKeyUses } from './tenants/directory-source.ts'

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
/** The handle on the store has failed: nothing is written through it any more. */
let broken = false

const jobs = {
  /** Opens the store, closes what dead writers left open, and reads the directory. Must come first. */
  async open(): Promise<Opened> {
    const { storeUrl, masterKey, createMasterKey, version, pid } = workerData as StoreThreadData
    store = await openStoreFile(storeUrl)
    const master = openMasterKeyOf(store, masterKey, process.env, { createIfAbsent: createMasterKey })
    const facts = { role: 'gateway', version, pid } as const
    writer = LedgerWriter.open(store, facts, new Date(), ledgerSigner(master))
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
    return onStore(() => writer.append(unpackDrafts(batch), performance.now()))
  },

  /** Signs where the chain stands. Unless `always`, only when there is something new. */
  checkpoint(options: { always: boolean }): void {
    onStore(() => writer.checkpoint(new Date(), options))
  },

  /** The page of tenants after the one of this name: what follows the snapshot's first. */
  tenantsAfter(name: string): TenantPage {
    return onStore(() => readPage(store, name))
  },

  /** The tenants that changed since the last change seen, or null. */
  changes(lastChange: number): DirectoryChanges | null {
    return onStore(() => readChanges(store, lastChange))
  },

  writeKeyUses(uses: ReadonlyMap<string, number>): void {
    onStore(() => writeKeyUses(store, uses))
  },

  /** Ends the chain and closes the store. Must come last. */
  close(): void {
    onStore(() => writer.close(new Date()))
    store.close()
  }
}

/** Uses the store, with a new handle if the last one has failed. Throws StoreFault. */
function onStore<T>(work: () => T): T {
  try {
    if (broken) {
      store = store.reopen()
      writer.resume(store)
      broken = false
    }
    return work()
  } catch (error) {
    const fault = toStoreFault(error)
    broken ||= !fault.keepsHandle
    throw fault
  }
}

export type StoreJobs = typeof jobs

// A diagnostic report has a part for each thread, and lists the environment in each.
process.report.excludeEnv = true
assert(parentPort, 'this file is the entry of a thread')
serveJobs(parentPort, jobs)
