import type { DatabaseSync } from 'node:sqlite'
import { domainError } from '../../contract/error-table.ts'
import { readSnapshot } from '../../store/sqlite/transaction.ts'
import { readWriters } from '../entry/chain-heads.ts'
import { prunedMeanwhile, prunePosition } from '../query/batch-reader.ts'
import { readStore } from '../query/read-store.ts'
import { newestPrunePoint } from '../retention/prune-point.ts'
import { prunePointBefore, prunePointsIn, type RecordedPrunePoint } from '../retention/prune-points.ts'
import { exportedEntries } from './exported-entries.ts'
import { beginsLedger, firstOf, gapBetween, readParts } from './exported-parts.ts'
import { type EntryBatches, type KnownFacts, type Verification, verifyLedger } from './verify.ts'

type OnProgress = (entries: number) => void

/** How often a store is verified again when a prune comes between. */
const attempts = 3

/**
 * Verifies exported files in their order, and what the store holds when one is given, as one ledger that may begin behind
 * a cut. Throws PartMissing, PrunedMeanwhile when prunes do not end, and what reading throws.
 */
export async function verifyParts(
  files: readonly string[],
  known: KnownFacts = {},
  database: DatabaseSync | null = null,
  onProgress: OnProgress = () => {}
): Promise<Verification> {
  if (!database) return await verifyOnce(files, known, null, onProgress)
  for (let attempt = 1; ; attempt++) {
    const store = storePart(database, files.length > 0)
    try {
      const found = await verifyOnce(files, known, store, onProgress)
      // What came between may look like a fault: the store has forgotten writers that were asked for last.
      if (found.faults.length === 0 || prunePosition(database) === store.position) return found
    } catch (error) {
      if (prunePosition(database) === store.position) throw error
    }
    if (attempt === attempts) throw prunedMeanwhile()
  }
}

type StoreFacts = ReturnType<typeof storePart>

/** All of one instant: a prune changes them together. */
function storePart(database: DatabaseSync, isContinued: boolean) {
  using _ = readSnapshot(database)
  const position = prunePosition(database)
  const { lengths, isWriter } = readWriters(database)
  const cut = newestPrunePoint(database)?.cut
  // Writers of whom nothing is left in the store may be in the files before it.
  const known: KnownFacts = isContinued ? { lengths } : { lengths, isWriter, cut }
  return {
    position,
    known,
    isTold: cut !== undefined || position === 0,
    cuts: isContinued ? prunePointsIn(database) : [],
    entries: readStore(database, position)
  }
}

async function verifyOnce(
  files: readonly string[],
  known: KnownFacts,
  store: StoreFacts | null,
  onProgress: OnProgress
): Promise<Verification> {
  if (files.length === 0)
    return requireCompared(
      await verifyLedger(store?.entries ?? [], { ...known, ...store?.known }, onProgress),
      known
    )
  const cut = await beginning(files, store?.cuts ?? [])
  const entries = joined(exportedEntries(...files), store?.entries ?? [])
  const found = await verifyLedger(entries, { ...known, ...store?.known, cut }, onProgress)
  if (found.faults.length > 0) await requireJoined(files, store)
  return requireCompared(found, known)
}

/** Whoever gives heads wants to know of a tail that was cut off: heads of which none could be compared tell nothing of it. */
function requireCompared(found: Verification, { heads = [] }: KnownFacts): Verification {
  if (found.faults.length > 0 || heads.length === 0 || found.headsBeforeCut < heads.length) return found
  throw domainError(
    'part_missing',
    'all heads that are known are from before the cut: give the archives that they are about, or heads noted since'
  )
}

/** The cut behind which the files begin, or undefined when they begin with the ledger itself. */
async function beginning(
  files: readonly string[],
  stored: readonly RecordedPrunePoint[]
): Promise<RecordedPrunePoint | undefined> {
  const first = await firstOf(files)
  // What is no entry at all is told by the verification.
  if (!first || beginsLedger(first)) return undefined
  const parts = await readParts(files)
  const cut = prunePointBefore(first, [...parts.flatMap(({ cuts }) => cuts), ...stored])
  if (cut) return cut
  throw domainError(
    'part_missing',
    `${files[0]} begins behind a cut, and nothing that is given tells of it: give what comes before it, or the store or an export from after that prune`
  )
}

async function requireJoined(files: readonly string[], store: StoreFacts | null): Promise<void> {
  const parts = await readParts(files)
  const cuts = [...parts.flatMap(part => part.cuts), ...(store?.cuts ?? [])]
  const gap = gapBetween(parts, cuts, store?.isTold ? store : null)
  if (gap !== null) throw domainError('part_missing', gap)
}

async function* joined(...parts: readonly EntryBatches[]) {
  for (const part of parts) yield* part
}
