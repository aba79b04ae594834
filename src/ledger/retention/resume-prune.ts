import { createReadStream } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { domainError } from '../../contract/error-table.ts'
import type { StoreFile } from '../../store/sqlite/store-file.ts'
import { prunePosition } from '../query/batch-reader.ts'
import { exportedLines } from '../query/export.ts'
import { linesOf } from '../verify/exported-entries.ts'
import { checkArchive, sha256Of } from './archive.ts'
import { type PruneOptions, PrunePlan } from './prune-plan.ts'
import { newestPrunePoint, type Pruned } from './prune-point.ts'

/**
 * The prune that made an existing archive: recorded with more to remove, or killed between its archive and its record. Throws
 * `archive_exists` when the file is not that of an interrupted prune.
 */
export async function interruptedPrune(store: StoreFile, options: PruneOptions) {
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
  return rest && (await sha256Of(createReadStream(path))) === sha256 ? { entries, position, sha256 } : null
}

/** A plan for as many entries as the file has lines, when these are exactly what it would write. */
async function unrecordedPrune(store: StoreFile, options: PruneOptions) {
  const { archive } = options
  let last = prunePosition(store.raw)
  async function* written() {
    for await (const lines of linesOf(archive)) {
      last += lines.length
      yield lines.map(line => `${line}\n`).join('')
    }
  }
  const sha256 = await sha256Of(written())
  const plan = await PrunePlan.make(store, { ...options, last })
  if (plan?.position !== last) return null
  const isWhole = (await sha256Of(exportedLines(store.raw, plan.after, last))) === sha256
  return isWhole ? { plan, sha256: await checkArchive(store, plan, options) } : null
}

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
