import { createHash } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { setImmediate as othersFirst } from 'node:timers/promises'
import { domainError } from '../../contract/error-table.ts'
import type { Store } from '../../store/store.ts'
import { exportedLines, positionOf } from '../query/export.ts'
import { linesOf } from '../verify/exported-entries.ts'
import { type Archive, checkArchive, digestOf } from './archive.ts'
import type { Pruned, PruneOptions } from './prune-options.ts'
import { PrunePlan } from './prune-plan.ts'
import { newestPrunePoint } from './prune-point.ts'

/** A prune that made its cut and has more to remove, or one that was killed between its archive and its cut. */
export type ResumablePrune =
  | { readonly pruned: Pruned }
  | { readonly plan: PrunePlan; readonly archive: Archive }

/** What a file that is there already was made by. Throws PruneRefused when it is not the work of a prune to be finished. */
export async function resumablePrune(store: Store, options: PruneOptions): Promise<ResumablePrune> {
  const { archive, signal } = options
  const found = await unlessUnreadable(signal, async () => {
    const pruned = await unswept(store.raw, archive)
    return pruned ? { pruned } : await uncut(store, options)
  })
  if (!found) throw domainError('archive_exists', `${archive} is there already`)
  return found
}

/** The newest cut, when the file is its archive and not all of it is removed. */
async function unswept(raw: DatabaseSync, path: string): Promise<Pruned | null> {
  const newest = newestPrunePoint(raw)
  if (!newest) return null
  const { position } = newest.cut
  const { entries, sha256 } = Object(newest.entry['archive']) as Partial<Pruned>
  const rest = raw.prepare('SELECT 1 FROM ledger_batch WHERE id <= ? LIMIT 1').get(position)
  if (rest === undefined || sha256 === undefined || (await digestOf(path)) !== sha256) return null
  return { entries: Number(entries), position, sha256 }
}

/** A plan that goes as far as the file does, when the file holds just what that plan would put there. */
async function uncut(store: Store, options: PruneOptions) {
  const { archive: path, before, signal } = options
  const told = await readBack(path)
  const last = told && positionOf(store.raw, told.writer, told.seq)
  if (!told || last === null) return null
  const plan = await PrunePlan.make(store, { before, last, signal })
  if (plan?.position !== last || (await digestOfPlan(store.raw, plan)) !== told.digest) return null
  return { plan, archive: await checkArchive(store, plan, path, options) }
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

/** Null for a file that cannot be read as an archive: somebody else's. */
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
