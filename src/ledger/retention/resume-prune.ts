import { createHash } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { setImmediate as othersFirst } from 'node:timers/promises'
import type { StoreFile } from '../../store/sqlite/store-file.ts'
import { exportedLines, positionOf } from '../query/export.ts'
import { linesOf } from '../verify/exported-entries.ts'
import { checkArchive, sha256Of } from './archive.ts'
import type { Pruned, PruneOptions } from './prune-options.ts'
import { PrunePlan } from './prune-plan.ts'
import { newestPrunePoint } from './prune-point.ts'
import { PruneRefused } from './prune-refused.ts'

/** A prune that is recorded and has more to remove, or one that was killed between its archive and its record. */
export type InterruptedPrune =
  | { readonly pruned: Pruned }
  | { readonly plan: PrunePlan; readonly sha256: string }

/** The prune that made an existing archive. Throws PruneRefused when the file is not that of an interrupted prune. */
export async function interruptedPrune(store: StoreFile, options: PruneOptions): Promise<InterruptedPrune> {
  const { archive, signal } = options
  const found = await unlessUnreadable(signal, async () => {
    const pruned = await recordedPrune(store.raw, archive)
    return pruned ? { pruned } : await unrecordedPrune(store, options)
  })
  if (!found) throw new PruneRefused('archive_exists', `${archive} is there already`)
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

/** A plan that ends where the file does, when the file holds exactly what that plan would write. */
async function unrecordedPrune(store: StoreFile, options: PruneOptions) {
  const { archive, before, signal } = options
  const written = await readBack(archive)
  const last = written && positionOf(store.raw, written.writer, written.seq)
  if (!written || last === null) return null
  const plan = await PrunePlan.make(store, { before, last, ...(signal && { signal }) })
  if (plan?.position !== last || (await digestOfPlan(store.raw, plan)) !== written.digest) return null
  return { plan, sha256: await checkArchive(store, plan, options) }
}

/** The last entry that a file names, and the digest of its lines, whether it is compressed or not. */
async function readBack(path: string): Promise<{ writer: string; seq: number; digest: string } | null> {
  const digest = createHash('sha256')
  let last = ''
  for await (const lines of linesOf(path))
    for (const line of lines) {
      if (line === null) return null
      digest.update(`${line}\n`)
      last = line
    }
  const { writer, seq } = Object(JSON.parse(last)) as { writer: unknown; seq: unknown }
  return typeof writer === 'string' && Number.isSafeInteger(seq)
    ? { writer, seq: Number(seq), digest: digest.digest('hex') }
    : null
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
    if (error instanceof SyntaxError || syscall !== undefined || code.startsWith('Z_')) return null
    throw error
  }
}
