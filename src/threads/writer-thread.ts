/**
 * The store's thread: the process's one connection to SQLite, off the event loop, so that a slow or hung disk never
 * keeps a request from being answered. `gateway.ts` starts it; what it can be asked is `WriterJobs`.
 */
import assert from 'node:assert/strict'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import type { CommandRequest } from '../admin/commands.ts'
import { serveRpc } from '../base/rpc.ts'
import { hasCode } from '../contract/error-table.ts'
import { isRefusal } from '../contract/refusal-table.ts'
import { type CredentialSnapshot, newestChange, readCredentials } from '../custody/credential-snapshot.ts'
import { ledgerSigner } from '../custody/crypto/ledger-signer.ts'
import { fetchMasterKey } from '../custody/crypto/master-key.ts'
import { MasterKeyRefetch } from '../custody/crypto/master-key-refetch.ts'
import { isInForce, openKeysUnder, openRootKey, type StoreKeys } from '../custody/crypto/root-key.ts'
import {
  type NotedMaterial,
  noteMaterial,
  type Reversion,
  revertVersion
} from '../custody/manage/automatic-operations.ts'
import type { CredentialAdministration } from '../custody/manage/transaction.ts'
import { changeCredentials } from '../custody/manage/transaction.ts'
import type { StoredPrincipals } from '../identity/principals.ts'
import { unpackEntries } from '../ledger/entry/pending-entry.ts'
import type { Administrator } from '../ledger/writer/admin-entries.ts'
import { type Recovery, recoverDeadWriters } from '../ledger/writer/crash-recovery.ts'
import { type MissingEntries, missingEntries } from '../ledger/writer/missing-entries.ts'
import { LedgerWriter } from '../ledger/writer/writer.ts'
import { rollBack } from '../ledger/writer/writer-handle.ts'
import { OtherConnections } from '../store/sqlite/connections.ts'
import { openStoreFile, type StoreFile } from '../store/sqlite/store-file.ts'
import { keepsHandle, type StoreFault, toStoreFault } from '../store/store-fault.ts'
import type { DirectoryChanges, TenantPage } from '../tenants/directory-rows.ts'
import { readChanges, readPage, readSnapshot, writeKeyUses } from '../tenants/directory-source.ts'
import { type AdminKeyRows, readAdminKeys, readNewAdminKeys } from '../tenants/keys/admin-key-rows.ts'
import { adminKeyPepper, apiKeyPepper } from '../tenants/keys/api-key.ts'

/** What the thread is started with. */
export type WriterThreadData = {
  storeUrl: string
  masterKey: string
  createMasterKey: boolean
  /** Names of variables that commands of `exec:` references see besides the usual ones. */
  execEnvironment: readonly string[]
  version: string
  pid: number
}

export type Opened = StoredPrincipals & {
  writer: string
  recovered: Recovery[]
  /** What was acknowledged and is not in the store. */
  missing: MissingEntries[]
}

/** There is no master key that fits the store: nothing of it can be used. The next `unseal` may find one. */
export type Sealed = { sealed: string }

const data = workerData as WriterThreadData
let store: StoreFile
let keys: StoreKeys
/** None while the store is sealed. */
let writer: LedgerWriter | undefined
/** How often a command is asked for the master key of a store that was put under another one. */
const commandPauseMs = 10_000
const search = new MasterKeyRefetch({
  fetch: () => fetchMasterKey(data.masterKey, process.env, { environment: data.execEnvironment }),
  open: masterKey => openKeysUnder(store, masterKey),
  pauseMs: data.masterKey.startsWith('exec:') ? commandPauseMs : 0
})
const others = new OtherConnections()
/** The handle on the store has failed: nothing is written through it any more. */
let broken = false

const jobs = {
  /** Opens the store. Must come first. */
  async open(): Promise<Opened | Sealed> {
    store = await openStoreFile(data.storeUrl)
    return unsealOrTell()
  },

  /** Lets another thread open the store, as long as it ends its connection when that is needed. */
  introduce(port: MessagePort): void {
    others.add(port)
  },

  /** Tries again to open what is sealed. */
  unseal(): Promise<Opened | Sealed> {
    return onStore(unsealOrTell)
  },

  /** Makes a batch of entries, as packed by `packEntries`, durable: all or none. Returns the calls whose outcome came too late. */
  append(batch: string): Promise<string[]> {
    return onStore(() => openWriter().append(unpackEntries(batch), performance.now()))
  },

  /** Signs where the chain stands. Unless `always`, only when there is something new. */
  checkpoint(options: { always: boolean }): Promise<void> {
    return onStore(() => openWriter().checkpoint(new Date(), options))
  },

  /** What was acknowledged and is not in the store. */
  missingEntries(): Promise<MissingEntries[]> {
    return onStore(() => missingEntries(store))
  },

  /** The page of tenants after the one of this name: what follows the snapshot's first. */
  tenantsAfter(name: string): Promise<TenantPage> {
    return onStore(() => readPage(store, name))
  },

  /** The tenants that changed since the last change seen, or null. */
  changes(lastChange: number): Promise<DirectoryChanges | null> {
    return onStore(() => readChanges(store, lastChange))
  },

  /** All usable admin keys, or null when they are those of the version that is known. */
  adminKeys(known: number): Promise<AdminKeyRows | null> {
    return onStore(() => readNewAdminKeys(store, known))
  },

  /** Makes a change that an administrator asks for, in one transaction with its ledger entries. Throws refusals too. */
  async administer(request: CommandRequest): Promise<unknown> {
    // The query builder takes time and memory: it is loaded with the first such change.
    const [{ withQueries }, { runCommand: makeChange }] = await Promise.all([
      import('../store/store.ts'),
      import('../admin/commands.ts')
    ])
    return await onStore(async () => {
      openWriter()
      store.requireInPlace()
      const by = { ...administrator(request.actor), requestId: request.requestId }
      const administration = { store: withQueries(store), administrator: by, clock: () => new Date() }
      const custody = { store, keys, administrator: by, at: new Date() }
      return await makeChange({ administration, custody, pepper: apiKeyPepper(keys) }, request)
    })
  },

  writeKeyUses(uses: ReadonlyMap<string, number>): Promise<void> {
    return onStore(() => writeKeyUses(store, uses))
  },

  /** All credentials when one has changed since the last change seen, or null. Throws `credentials_damaged`, `master_key_wrong`. */
  credentials(lastChange: number): Promise<CredentialSnapshot | null> {
    return onStore(() => {
      if (newestChange(store.raw) <= lastChange) return null
      // Wrapped again under another master key, which is to be found where the one before was.
      if (!isInForce(store, keys)) keys = search.current()
      return readCredentials(store.raw, keys)
    })
  },

  noteMaterial(note: NotedMaterial) {
    return onStore(() => changeCredentials(administration(), noteMaterial, note))
  },

  /** The upstream refuses one version of a credential and takes the one before. */
  revertVersion(change: Reversion): Promise<boolean> {
    return onStore(() => changeCredentials(administration(), revertVersion, change))
  },

  /** Ends the chain, by a second try when the store has to be opened again for it, and closes the store. Must come last. */
  async close(): Promise<void> {
    const at = new Date()
    const end = () => onStore(() => openWriter().close(at))
    if (writer) await end().catch(error => (broken ? end() : Promise.reject(error)))
    store.close()
  }
}

/** Opens the keys, closes what dead writers left open, and reads the directory. */
function unsealOrTell(): Opened | Sealed {
  try {
    keys = openKeys()
  } catch (error) {
    if (hasCode(error, 'secret_unavailable', 'master_key_wrong')) return { sealed: error.message }
    throw error
  }
  const facts = { role: 'gateway', version: data.version, pid: data.pid } as const
  const missing = missingEntries(store)
  writer ??= LedgerWriter.open(store, facts, new Date(), ledgerSigner(keys))
  const recovered = recoverDeadWriters(store, writer, new Date())
  return {
    snapshot: readSnapshot(store),
    pepper: apiKeyPepper(keys),
    adminPepper: adminKeyPepper(keys),
    adminKeys: readAdminKeys(store),
    writer: writer.head.writer,
    recovered,
    missing
  }
}

function openKeys(): StoreKeys {
  return openRootKey(store, data.masterKey, process.env, {
    createIfAbsent: data.createMasterKey,
    environment: data.execEnvironment
  })
}

function openWriter(): LedgerWriter {
  assert(writer, 'nothing is written while the store is sealed')
  return writer
}

/** What the gateway changes by itself. */
function administration(): CredentialAdministration {
  return { store, keys, administrator: administrator('gateway'), at: new Date() }
}

/** Who makes a change, as the ledger tells it. A change has a chain of its own. */
function administrator(actor: string): Administrator {
  return { actor, role: 'admin', version: data.version, pid: data.pid, signer: ledgerSigner(keys) }
}

/** Uses the store, with a new handle if the last one has failed. The next job waits for it. Throws a store fault. */
async function onStore<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    if (broken) await mend()
    store.requireWholeLog()
    return await work()
  } catch (error) {
    // Not the store failed: what it holds, or what was asked, does not fit.
    if (isRefusal(error) || hasCode(error, 'credentials_damaged', 'master_key_wrong', 'secret_unavailable'))
      throw error
    rollBack(store)
    throw noted(error)
  }
}

/** Every connection of the process ends before the store is opened again: see `connections.ts`. */
async function mend(): Promise<void> {
  store = await others.without(() => store.reopen())
  writer?.resume(store)
  broken = false
}

function noted(error: unknown): StoreFault {
  const fault = toStoreFault(error)
  broken ||= !keepsHandle(fault)
  return fault
}

export type WriterJobs = typeof jobs

assert(parentPort, 'this file is the entry of a thread')
serveRpc(parentPort, jobs)
