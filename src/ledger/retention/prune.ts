import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { domainError, hasCode } from '../../contract/error-table.ts'
import { takeProcessLock } from '../../store/sqlite/process-lock.ts'
import type { Store } from '../../store/store.ts'
import { prunePosition } from '../query/batch-reader.ts'
import { changeWithEntries } from '../writer/admin-entries.ts'
import { describeMissing, missingEntries, missingEntriesRemedy } from '../writer/missing-entries.ts'
import { makeArchive } from './archive.ts'
import { deletePruned, forgetEndedWriters } from './delete-pruned.ts'
import { type PruneOptions, PrunePlan } from './prune-plan.ts'
import { type Pruned, pruneKind } from './prune-point.ts'
import { interruptedPrune } from './resume-prune.ts'

/**
 * Moves the beginning of the ledger into an archive: it is exported, checked from disk, recorded in a signed entry, and only then
 * removed. The same call finishes what was interrupted. Throws domain errors, what the file system throws, the signal's reason.
 */
export async function prune(store: Store, options: PruneOptions): Promise<Pruned> {
  const lock = takeProcessLock(`${store.path}.prune.lock`)
  if (!lock) throw domainError('prune_running', 'another prune of this store is at work: let it end first')
  try {
    return await pruneAlone(store, options)
  } finally {
    lock.release()
  }
}

async function pruneAlone(store: Store, options: PruneOptions): Promise<Pruned> {
  requireNothingMissing(store)
  const interrupted = existsSync(options.archive) ? await interruptedPrune(store, options) : null
  await deletePruned(store, prunePosition(store.raw), options)
  if (!interrupted) return await startPrune(store, options)
  if ('pruned' in interrupted) return interrupted.pruned
  return await finish(store, interrupted.plan, interrupted.sha256, options)
}

/** A prune would forget a chain that lacks entries, and with it the loss. */
function requireNothingMissing(store: Store): void {
  const [missing] = missingEntries(store)
  if (missing) throw domainError('ledger_incomplete', `${describeMissing(missing)}: ${missingEntriesRemedy}`)
}

async function startPrune(store: Store, options: PruneOptions): Promise<Pruned> {
  const plan = await PrunePlan.make(store, options)
  if (!plan) throw domainError('nothing_to_prune', 'no entry that can go is older than that')
  const sha256 = await makeArchive(store, plan, options)
  try {
    return await finish(store, plan, sha256, options)
  } catch (error) {
    if (hasCode(error, 'pruned_meanwhile') || !isRecorded(store, plan))
      await rm(options.archive, { force: true })
    throw error
  }
}

/** Moves the beginning in one transaction with its entry. Calls have gone on since the plan: it is checked again. */
async function finish(store: Store, plan: PrunePlan, sha256: string, options: PruneOptions): Promise<Pruned> {
  const { administrator, signer, now } = options
  const { entries, position, after } = plan
  await changeWithEntries(store, { ...administrator, signer }, now, async tx => {
    if (prunePosition(store.raw) !== after)
      throw domainError('pruned_meanwhile', 'somebody else has pruned the ledger: try again')
    const entry = { kind: pruneKind, cut: plan.pointIn(store.raw), archive: { entries, sha256 } } as const
    await tx.insertInto('ledger_cut').values({ position }).execute()
    forgetEndedWriters(store.raw, position)
    return { result: undefined, changes: [entry] }
  })
  await deletePruned(store, position, options)
  return { entries, position, sha256 }
}

/** Whether entries may be lost without the archive: true also when the store cannot be read. */
function isRecorded({ raw }: Store, { position }: PrunePlan): boolean {
  try {
    return prunePosition(raw) >= position
  } catch {
    return true
  }
}
