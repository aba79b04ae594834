import { createHash } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { setImmediate as othersFirst } from 'node:timers/promises'
import { domainError } from '../../contract/error-table.ts'
import type { StoreFile } from '../../store/sqlite/store-file.ts'
import { prunePosition } from '../query/batch-reader.ts'
import { exportedLines } from '../query/export.ts'
import { linesOf } from '../verify/exported-entries.ts'
import { checkArchive, sha256Of } from './archive.ts'
import type { Pruned, PruneOptions } from './prune-options.ts'
import { PrunePlan } from './prune-plan.ts'
import { newestPrunePoint } from './prune-point.ts'

/** A prune that is recorded and has more to remove, or one that was killed between its archive and its record. */
export type InterruptedPrune =
  | { readonly pruned: Pruned }
  | { readonly plan: PrunePlan; readonly sha256: string }

/** The prune that made an existing archive. Throws `archive_exists` when the file is not that of an interrupted prune. */
export async function interruptedPrune(store: StoreFile, options: PruneOptions): Promise<InterruptedPrune> {
  const { archive, signal } = options
  const found = await unlessUnreadable(signal, async () => {
    const pruned = await recordedPrune(store.raw, archive)
    return pruned ? { pruned } : await unrecordedPrune(store, options)
  })
  if (!found) throw domainError('archive_exists', `${archive} is there already`)
  return found
}

/** The newest prune, when the file is its archive and not all entries are removed. */
async function recordedPrune(raw: DatabaseSync, path: string): Promise<Pruned | null> {
  const point = newestPrunePoint(raw)
  if (!point) return null
  const { entries, position, sha256 } = point
  const rest = raw.prepare('SELECT 1 FROM ledger_batch WHERE id <= ? LIMIT 1').get(position)
  return rest !== undefined && (await sha256Of(path)) === sha256 ? { entries, position, sha256 } : null
}

/** A plan for as many entries as the file has lines, when these are exactly what it would write. */
async function unrecordedPrune(store: StoreFile, options: PruneOptions) {
  const { archive, before, signal } = options
  const { count, digest } = await readBack(archive)
  const last = prunePosition(store.raw) + count
  const plan = await PrunePlan.make(store, { before, last, ...(signal && { signal }) })
  if (plan?.position !== last || (await digestOfPlan(store.raw, plan)) !== digest) return null
  return { plan, sha256: await checkArchive(store, plan, options) }
}

/** How many lines a file has, and their digest, whether it is compressed or not. */
async function readBack(path: string): Promise<{ count: number; digest: string }> {
  const digest = createHash('sha256')
  let count = 0
  for await (const lines of linesOf(path)) {
    count += lines.length
    for (const line of lines) digest.update(`${line}\n`)
  }
  return { count, digest: digest.digest('hex') }
}

async function digestOfPlan(raw: DatabaseSync, { first, position }: PrunePlan): Promise<string> {
  const digest = createHash('sha256')
  for (const lines of exportedLines(raw, first - 1, position)) {
    digest.update(lines)
    await othersFirst()
  }
  return digest.digest('hex')
}

/** Null for a file that cannot be read as an archive. */
async function unlessUnreadable<T>(
  signal: AbortSignal | undefined,
  work: () => Promise<T | null>
): Promise<T | null> {
  try {
    return await work()
  } catch (error) {
    signal?.throwIfAborted()
    const { syscall, code = '' } = error as NodeJS.ErrnoException
    if (syscall !== undefined || code.startsWith('Z_')) return null
    throw error
  }
}
