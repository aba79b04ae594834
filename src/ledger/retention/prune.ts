import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { domainError, hasCode } from '../../contract/error-table.ts'
import { takeProcessLock } from '../../store/sqlite/process-lock.ts'
import type { Store } from '../../store/store.ts'
import { prunePosition } from '../query/batch-reader.ts'
import { changeWithEntries } from '../writer/admin-entries.ts'
import { describeMissing, missingEntries, missingEntriesRemedy } from '../writer/missing-entries.ts'
import { type Archive, makeArchive } from './archive.ts'
import { deletePruned, forgetEndedWriters } from './delete-pruned.ts'
import type { Pruned, PruneOptions } from './prune-options.ts'
import { PrunePlan } from './prune-plan.ts'
import { pruneKind } from './prune-point.ts'
import { resumablePrune } from './resume-prune.ts'

/**
 * Moves the beginning of the ledger into an archive: exports it, checks the export from disk, records the signed cut, and
 * only then removes entries. Interrupted before the cut it leaves nothing; after it, the next call removes the rest. What a
 * kill between archive and cut leaves, the same call finishes. Throws PruneRefused, what the file system throws, and the
 * signal's reason.
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
  const { archive, before, signal } = options
  requireNothingMissing(store)
  const left = existsSync(archive) ? await resumablePrune(store, options) : null
  await deletePruned(store, prunePosition(store.raw), options)
  if (left && 'pruned' in left) return left.pruned
  if (left) return await finish(store, left.plan, left.archive, options)

  const plan = await PrunePlan.make(store, { before, signal })
  if (!plan) throw domainError('nothing_to_prune', 'no entry that can go is older than that')
  const made = await makeArchive(store, plan, archive, options)
  try {
    return await finish(store, plan, made, options)
  } catch (error) {
    if (hasCode(error, 'pruned_meanwhile') || !isCut(store, plan)) await rm(archive, { force: true })
    throw error
  }
}

/** A cut would forget a chain that lacks entries, and with it the loss. */
function requireNothingMissing(store: Store): void {
  const [missing] = missingEntries(store)
  if (missing) throw domainError('ledger_incomplete', `${describeMissing(missing)}: ${missingEntriesRemedy}`)
}

async function finish(
  store: Store,
  plan: PrunePlan,
  { sha256 }: Archive,
  options: PruneOptions
): Promise<Pruned> {
  await recordCut(store, plan, sha256, options)
  await deletePruned(store, plan.position, options)
  return { entries: plan.entries, position: plan.position, sha256 }
}

/**
 * The entry that tells of the cut and the cut itself are one transaction. From then on what is before it is not read.
 * Calls have gone on since the plan was made: what it relies on is asked again.
 */
async function recordCut(store: Store, plan: PrunePlan, sha256: string, options: PruneOptions) {
  const { administrator, signer, now } = options
  const { raw } = store
  await changeWithEntries(store, { ...administrator, signer }, now, async tx => {
    if (!plan.isOf(raw))
      throw domainError('pruned_meanwhile', 'somebody else has pruned the ledger: try again')
    const cut = plan.cut(raw)
    await tx.insertInto('ledger_cut').values({ position: cut.position }).execute()
    forgetEndedWriters(raw, cut.position)
    return {
      result: undefined,
      changes: [{ kind: pruneKind, cut, archive: { entries: plan.entries, sha256 } }]
    }
  })
}

/** Whether entries may have been cut: when a store cannot tell, the archive may be the only one that holds them. */
function isCut({ raw }: Store, { position }: PrunePlan): boolean {
  try {
    return prunePosition(raw) >= position
  } catch {
    return true
  }
}
