import type { DatabaseSync } from 'node:sqlite'
import { domainError } from '../../contract/error-table.ts'
import { readTransaction } from '../../store/sqlite/transaction.ts'
import { prunedMeanwhile, prunePosition } from '../query/batch-reader.ts'
import { readWriters } from '../query/chain-heads.ts'
import { readStore } from '../query/read-store.ts'
import {
  newestPrunePoint,
  prunePointBefore,
  prunePointsIn,
  type RecordedPrunePoint
} from '../retention/prune-point.ts'
import { exportedEntries } from './exported-entries.ts'
import { beginsLedger, firstOf, gapBetween, pointsOf, readParts } from './exported-parts.ts'
import { type EntryBatches, type Expectations, type Verification, verifyLedger } from './verify.ts'

type OnProgress = (entries: number) => void

/** How often a store is verified again when it is pruned meanwhile. */
const attempts = 3

/**
 * Verifies exported files in their order, and then a store, as one ledger that may begin behind a prune point. Throws
 * `part_missing` when too little is given, `ledger_pruned` when prunes do not end, and what reading throws.
 */
export async function verifyParts(
  files: readonly string[],
  known: Expectations = {},
  database: DatabaseSync | null = null,
  onProgress: OnProgress = () => {}
): Promise<Verification> {
  if (!database) return await verifyOnce(files, known, null, onProgress)
  for (let attempt = 1; ; attempt++) {
    const store = readStorePart(database, files.length > 0)
    try {
      const found = await verifyOnce(files, known, store, onProgress)
      // A prune may look like a finding: the store has forgotten writers that were asked for last.
      if (found.faults.length === 0 || prunePosition(database) === store.position) return found
    } catch (error) {
      if (prunePosition(database) === store.position) throw error
    }
    if (attempt === attempts) throw prunedMeanwhile()
  }
}

type StorePart = ReturnType<typeof readStorePart>

/** All of one moment: a prune changes them together. */
function readStorePart(database: DatabaseSync, isContinued: boolean) {
  using _ = readTransaction(database)
  const position = prunePosition(database)
  const { lengths, isWriter } = readWriters(database)
  const prunePoint = newestPrunePoint(database) ?? undefined
  // Writers without entries in the store may have some in the files before it.
  const known: Expectations = isContinued ? { lengths } : { lengths, isWriter, prunePoint }
  return {
    position,
    known,
    /** The position behind which its entries begin; null when no entry records that. */
    begin: prunePoint || position === 0 ? position : null,
    prunePoints: isContinued ? [...prunePointsIn(database)] : [],
    entries: readStore(database, position)
  }
}

async function verifyOnce(
  files: readonly string[],
  known: Expectations,
  store: StorePart | null,
  onProgress: OnProgress
): Promise<Verification> {
  const facts: Expectations = { ...known, ...store?.known }
  const stored = store?.prunePoints ?? []
  const prunePoint = facts.prunePoint ?? (await pointBefore(files, stored))
  const entries = joined(exportedEntries(...files), store?.entries ?? [])
  const found = await verifyLedger(entries, { ...facts, prunePoint }, onProgress)
  const gap = found.faults.length > 0 ? gapBetween(await readParts(files), stored, store?.begin) : null
  if (gap !== null) throw domainError('part_missing', gap)
  return requireCompared(found, known)
}

async function* joined(...parts: readonly EntryBatches[]) {
  for (const part of parts) yield* part
}

/** Whoever gives heads wants to know whether a tail was cut off: heads that could not be compared do not show it. */
function requireCompared(found: Verification, { heads = [] }: Expectations): Verification {
  if (found.faults.length > 0 || heads.length === 0 || found.headsBeforeCut < heads.length) return found
  throw domainError(
    'part_missing',
    'all given heads are older than the prune point: give the archives that they belong to, or newer heads'
  )
}

/** The prune point behind which the files begin; undefined when they begin with the ledger itself. */
async function pointBefore(
  files: readonly string[],
  stored: readonly RecordedPrunePoint[]
): Promise<RecordedPrunePoint | undefined> {
  const first = await firstOf(files)
  // Verification reports a file that does not begin with an entry.
  if (!first || beginsLedger(first)) return undefined
  const point = prunePointBefore(first, pointsOf(await readParts(files), stored))
  if (point) return point
  throw domainError(
    'part_missing',
    `${files[0]} begins after a prune point that no given file records: give the part before it, or the store or an export made after that prune`
  )
}
