/**
 * The writer's thread: the only connection of the process that writes to SQLite. It is off the event loop, so that a slow or hung
 * disk never keeps a request from being answered. `start-writer.ts` starts it; `WriterJobs` are its jobs.
 */
import assert from 'node:assert/strict'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import type { CommandRequest } from '../admin/commands.ts'
import { serveRpc } from '../base/rpc.ts'
import { version } from '../base/version.ts'
import type { Config } from '../config/config.ts'
import { hasCode } from '../contract/error-table.ts'
import { isRefusal } from '../contract/refusal-table.ts'
import { type CredentialSnapshot, newestChange, readCredentials } from '../custody/credential-snapshot.ts'
import { ledgerSigner } from '../custody/crypto/ledger-signer.ts'
import { openMasterKey } from '../custody/crypto/master-key.ts'
import { masterKeyRefetch } from '../custody/crypto/master-key-refetch.ts'
import { isInForce, openKeysUnder, openRootKey, type StoreKeys } from '../custody/crypto/root-key.ts'
import {
  type FetchedKey,
  noteMaterial,
  type Rollback,
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
import { ReaderConnections } from '../store/sqlite/reader-connections.ts'
import { openStoreFile, type StoreFile } from '../store/sqlite/store-file.ts'
import { keepsHandle, toStoreFault } from '../store/store-fault.ts'
import type { DirectoryChanges, TenantPage } from '../tenants/directory-rows.ts'
import { readChanges, readSnapshot, readTenantPage, writeKeyUses } from '../tenants/directory-source.ts'
import { type AdminKeyRows, readAdminKeys, readNewAdminKeys } from '../tenants/keys/admin-key-rows.ts'
import { adminKeyPepper, apiKeyPepper } from '../tenants/keys/api-key.ts'

export type WriterThreadData = Pick<
  Config,
  'storeUrl' | 'masterKey' | 'masterKeyIsDefault' | 'execEnvironment'
> & { readonly pid: number }

export type Opened = StoredPrincipals & {
  writer: string
  recovered: Recovery[]
  /** What was acknowledged and is not in the store. */
  missing: MissingEntries[]
}

/** No master key fits the store, for this reason: nothing in it can be used. The next `unseal` may find one. */
export type Sealed = { sealed: string }

const data = workerData as WriterThreadData
let store: StoreFile
let keys: StoreKeys
/** None while the store is sealed. */
let writer: LedgerWriter | undefined
/** How often, at most, a command runs to get the new master key of a store. */
const commandPauseMs = 10_000
const refetchedKeys = masterKeyRefetch({
  fetch: () => openMasterKey(data.masterKey, process.env, { environment: data.execEnvironment }),
  open: masterKey => openKeysUnder(store, masterKey),
  pauseMs: data.masterKey.startsWith('exec:') ? commandPauseMs : 0
})
const others = new ReaderConnections()
/** The handle of the store has failed: nothing is written through it. */
let isBroken = false

const jobs = {
  /** Opens the store. Must come first. */
  async open(): Promise<Opened | Sealed> {
    store = await openStoreFile(data.storeUrl)
    return await tryToUnseal()
  },

  /** Lets another thread open the store, which closes its connection when this one has to open the store again. */
  registerReader(port: MessagePort): void {
    others.add(port)
  },

  /** Looks again for the master key. */
  unseal(): Promise<Opened | Sealed> {
    return onStore(tryToUnseal)
  },

  /** Makes a batch of `packEntries` durable, all or nothing. Returns the calls whose outcome came too late. */
  append(batch: string): Promise<string[]> {
    return onStore(() => openWriter().append(unpackEntries(batch), performance.now()))
  },

  /** Signs the head of the chain. Unless `always`, only when it has changed. */
  checkpoint(options: { always: boolean }): Promise<void> {
    return onStore(() => openWriter().checkpoint(new Date(), options))
  },

  /** Entries that were acknowledged and are not in the store. */
  missingEntries(): Promise<MissingEntries[]> {
    return onStore(() => missingEntries(store))
  },

  /** The page of tenants after this name: the snapshot has the first. */
  tenantsAfter(name: string): Promise<TenantPage> {
    return onStore(() => readTenantPage(store, name))
  },

  /** The tenants that changed since the last change seen, or null. */
  changes(lastChange: number): Promise<DirectoryChanges | null> {
    return onStore(() => readChanges(store, lastChange))
  },

  /** All usable admin keys, or null when `known` is still their version. */
  adminKeys(known: number): Promise<AdminKeyRows | null> {
    return onStore(() => readNewAdminKeys(store, known))
  },

  /** Makes an administrator's change, in one transaction with its ledger entries. Throws refusals too. */
  async administer(request: CommandRequest): Promise<unknown> {
    // The query builder takes time and memory: it is loaded with the first such change.
    const [{ withQueries }, { runCommand }] = await Promise.all([
      import('../store/store.ts'),
      import('../admin/commands.ts')
    ])
    return await onStore(async () => {
      openWriter()
      store.requireInPlace()
      const by = { ...administrator(request.actor), requestId: request.requestId }
      const administration = { store: withQueries(store), administrator: by, clock: () => new Date() }
      const custody = { store, keys, administrator: by, at: new Date() }
      return await runCommand({ administration, custody, pepper: apiKeyPepper(keys) }, request)
    })
  },

  writeKeyUses(uses: ReadonlyMap<string, number>): Promise<void> {
    return onStore(() => writeKeyUses(store, uses))
  },

  /** All credentials when one has changed since the last change seen, or null. Throws `credentials_damaged`, `master_key_wrong`. */
  credentials(lastChange: number): Promise<CredentialSnapshot | null> {
    return onStore(() => {
      if (newestChange(store.raw) <= lastChange) return null
      // The store has been put under another master key, which the same reference gives.
      if (!isInForce(store, keys)) keys = refetchedKeys()
      return readCredentials(store.raw, keys)
    })
  },

  noteMaterial(note: FetchedKey) {
    return onStore(() => changeCredentials(administration(), noteMaterial, note))
  },

  /** The upstream refuses one version of a credential and takes the one before. */
  revertVersion(change: Rollback): Promise<boolean> {
    return onStore(() => changeCredentials(administration(), revertVersion, change))
  },

  /** Ends the chain, if need be after the store is opened again, and closes the store. Must come last. */
  async close(): Promise<void> {
    const at = new Date()
    const end = () => onStore(() => openWriter().close(at))
    if (writer) await end().catch(error => (isBroken ? end() : Promise.reject(error)))
    store.close()
  }
}

/** Opens the keys, closes the calls that dead writers left open, and reads the directory. */
async function tryToUnseal(): Promise<Opened | Sealed> {
  try {
    keys = await openKeys()
  } catch (error) {
    if (hasCode(error, 'secret_unavailable', 'master_key_wrong')) return { sealed: error.message }
    throw error
  }
  const facts = { role: 'gateway', version, pid: data.pid } as const
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

function openKeys(): Promise<StoreKeys> {
  return openRootKey(store, data.masterKey, process.env, {
    createIfAbsent: data.masterKeyIsDefault,
    environment: data.execEnvironment
  })
}

function openWriter(): LedgerWriter {
  assert(writer, 'nothing is written while the store is sealed')
  return writer
}

/** For changes that the gateway makes by itself. */
function administration(): CredentialAdministration {
  return { store, keys, administrator: administrator('gateway'), at: new Date() }
}

/** Who makes a change. Each change has a chain of its own in the ledger. */
function administrator(actor: string): Administrator {
  return { actor, role: 'admin', version, pid: data.pid, signer: ledgerSigner(keys) }
}

/** Uses the store, with a new handle if the last one has failed. Throws a store fault, or what does not concern the store. */
async function onStore<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    if (isBroken) await reopen()
    store.requireWholeLog()
    return await work()
  } catch (error) {
    // The store works: what it holds, or what was asked, does not fit.
    if (isRefusal(error) || hasCode(error, 'credentials_damaged', 'master_key_wrong', 'secret_unavailable'))
      throw error
    rollBack(store)
    const fault = toStoreFault(error)
    isBroken ||= !keepsHandle(fault)
    throw fault
  }
}

/** All connections of the process close before the store is opened again: see `reader-connections.ts`. */
async function reopen(): Promise<void> {
  store = await others.without(() => store.reopen())
  writer?.resume(store)
  isBroken = false
}

export type WriterJobs = typeof jobs

assert(parentPort, 'this file is the entry of a thread')
serveRpc(parentPort, jobs)
