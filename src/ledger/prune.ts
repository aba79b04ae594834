import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { Store } from '../store/store.ts'
import { type Administrator, administer } from './administer.ts'
import { type Cut, cutKind, cutOf } from './cut.ts'
import { CutPlan } from './cut-plan.ts'
import { exportedLines } from './export.ts'
import { exportedEntries } from './exported-entries.ts'
import type { Fault } from './fault.ts'
import type { Signer } from './signature.ts'
import { cutPosition } from './stored-batch.ts'
import { removeBefore } from './sweep.ts'
import { verifyLedger } from './verify.ts'

/** Why nothing was pruned. `cause` of `archive_faulty` is the first fault of the archive. */
export class PruneRefused extends Error {
  override readonly name = 'PruneRefused'
  readonly code: 'archive_exists' | 'nothing_to_prune' | 'archive_faulty'
  readonly fault: Fault | undefined
  constructor(code: PruneRefused['code'], message: string, fault?: Fault) {
    super(message)
    this.code = code
    this.fault = fault
  }
}

export type PruneOptions = {
  /** Entries from before this time go. */
  readonly before: Date
  /** The file to make; compressed by gzip when its name ends in `.gz`. */
  readonly archive: string
  readonly administrator: Administrator
  readonly signer: Signer
  readonly now: Date
  /** Ends the work as soon as nothing is half done: before the cut, nothing has happened. */
  readonly signal?: AbortSignal
  readonly onProgress?: (step: 'archived' | 'checked' | 'removed', entries: number) => void
}

/** What was pruned. `sha256` is that of the archive's bytes. */
export type Pruned = { readonly entries: number; readonly position: number; readonly sha256: string }

/**
 * Moves the beginning of the ledger into an archive: exports it, checks the export from disk, records the signed cut, and
 * only then removes entries. Interrupted before the cut it leaves nothing; after it, the next call removes the rest.
 * Throws PruneRefused, what the file system throws, and the signal's reason.
 */
export async function prune(store: Store, options: PruneOptions): Promise<Pruned> {
  const { before, archive, signal } = options
  if (existsSync(archive)) throw new PruneRefused('archive_exists', `${archive} is there already`)
  await removeBefore(store, cutPosition(store.raw), options)
  const plan = CutPlan.make(store, before)
  if (!plan) throw new PruneRefused('nothing_to_prune', 'no entry that can go is older than that')

  const draft = `${archive}.partial`
  try {
    await writeArchive(store, plan, draft, options)
    const sha256 = await checkArchive(store, plan, draft, options)
    signal?.throwIfAborted()
    await putInPlace(draft, archive)
    await recordCut(store, plan, sha256, options)
    await removeBefore(store, plan.cut.position, options)
    return { entries: plan.entries, position: plan.cut.position, sha256 }
  } finally {
    await rm(draft, { force: true })
  }
}

async function writeArchive(
  { raw }: Store,
  { cut, first }: CutPlan,
  path: string,
  { archive, signal, onProgress }: PruneOptions
): Promise<void> {
  async function* lines() {
    let entries = 0
    for (const text of exportedLines(raw, first - 1, cut.position)) {
      yield text
      entries += text.split('\n').length - 1
      onProgress?.('archived', entries)
    }
  }
  const file = createWriteStream(path, { mode: 0o600, flush: true })
  const steps = archive.endsWith('.gz') ? [createGzip()] : []
  await pipeline([Readable.from(lines()), ...steps, file], signal ? { signal } : {})
}

/** Reads it back from the disk: what it does not hold, and hold whole, must not be removed. */
async function checkArchive(
  { raw }: Store,
  plan: CutPlan,
  path: string,
  { signal, onProgress }: PruneOptions
): Promise<string> {
  const known = { heads: plan.cut.heads, cut: cutOf(raw)?.cut }
  const found = await verifyLedger(exportedEntries(path), known, entries => {
    signal?.throwIfAborted()
    onProgress?.('checked', entries)
  })
  const [fault] = found.faults
  if (fault) throw new PruneRefused('archive_faulty', 'what would go into the archive is broken', fault)
  if (found.entries !== plan.entries) throw new PruneRefused('archive_faulty', 'the archive is not complete')
  const digest = createHash('sha256')
  for await (const chunk of createReadStream(path)) digest.update(chunk)
  return digest.digest('hex')
}

/** Its name is as durable as its content before anything is removed. */
async function putInPlace(draft: string, archive: string): Promise<void> {
  await rename(draft, archive)
  const folder = await open(dirname(archive))
  await folder.sync().finally(() => folder.close())
}

/** The entry that tells of the cut and the cut itself are one transaction. From then on what is before it is not read. */
async function recordCut(store: Store, { cut, entries }: CutPlan, sha256: string, options: PruneOptions) {
  const { administrator, signer, now } = options
  await administer(store, { ...administrator, signer }, now, async tx => {
    await tx.insertInto('ledger_cut').values({ position: cut.position }).execute()
    const change = { kind: cutKind, cut: cut satisfies Cut, archive: { entries, sha256 } } as const
    return { result: undefined, changes: [change] }
  })
}
