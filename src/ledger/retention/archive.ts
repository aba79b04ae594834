import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { link, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setImmediate as othersFirst } from 'node:timers/promises'
import { createGzip } from 'node:zlib'
import { syncFolder } from '../../base/durable-file.ts'
import { uuidv7 } from '../../base/uuid.ts'
import { domainError } from '../../contract/error-table.ts'
import type { StoreFile } from '../../store/sqlite/store-file.ts'
import { exportedLines } from '../query/export.ts'
import { exportedEntries } from '../verify/exported-entries.ts'
import { describeFinding } from '../verify/finding.ts'
import { type Expectations, verifyLedger } from '../verify/verify.ts'
import type { PruneOptions, PrunePlan } from './prune-plan.ts'
import { newestPrunePoint } from './prune-point.ts'

type ArchiveOptions = Pick<PruneOptions, 'archive' | 'signal' | 'onProgress'>

/** Writes the entries of a plan to a new file and checks it. Returns its SHA-256. On failure nothing is left. */
export async function makeArchive(
  store: StoreFile,
  plan: PrunePlan,
  options: ArchiveOptions
): Promise<string> {
  const { archive, signal } = options
  const partial = `${archive}.${uuidv7()}.partial`
  try {
    await write(store, plan, partial, options)
    const sha256 = await checkArchive(store, plan, { ...options, archive: partial })
    signal?.throwIfAborted()
    await linkOrRename(partial, archive)
    syncFolder(dirname(archive))
    return sha256
  } finally {
    await rm(partial, { force: true })
  }
}

async function write(
  { raw }: StoreFile,
  { after, position }: PrunePlan,
  path: string,
  { archive, signal, onProgress }: ArchiveOptions
): Promise<void> {
  async function* lines() {
    let entries = 0
    for (const text of exportedLines(raw, after, position)) {
      yield text
      entries += text.split('\n').length - 1
      onProgress?.('archived', entries)
    }
  }
  const file = createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true })
  const steps = archive.endsWith('.gz') ? [createGzip()] : []
  await pipeline([Readable.from(lines()), ...steps, file], { signal })
}

/** Verifies the file on the disk, before its entries are removed. Returns its SHA-256. Throws `archive_faulty`. */
export async function checkArchive(
  { raw }: StoreFile,
  plan: PrunePlan,
  { archive, signal, onProgress }: ArchiveOptions
): Promise<string> {
  const known: Expectations = {
    heads: plan.pointIn(raw).heads,
    prunePoint: newestPrunePoint(raw) ?? undefined
  }
  const found = await verifyLedger(exportedEntries(archive), known, entries => {
    signal?.throwIfAborted()
    onProgress?.('checked', entries)
  })
  const [finding] = found.faults
  if (finding)
    throw domainError(
      'archive_faulty',
      `what would go into the archive is broken: ${describeFinding(finding)}`
    )
  if (found.entries !== plan.entries) throw domainError('archive_faulty', 'the archive is not complete')
  return await sha256Of(createReadStream(archive))
}

/** The SHA-256 of all chunks, in hex. */
export async function sha256Of(
  chunks: Iterable<string> | AsyncIterable<string | NodeJS.ArrayBufferView>
): Promise<string> {
  const digest = createHash('sha256')
  for await (const chunk of chunks) {
    digest.update(chunk)
    await othersFirst()
  }
  return digest.digest('hex')
}

/** Error codes of file systems that have no links. */
const noLinks = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL'])

/** By a link, as a rename would replace a file that has been put there meanwhile. */
async function linkOrRename(partial: string, archive: string): Promise<void> {
  try {
    await link(partial, archive)
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    const exists = code === 'EEXIST' || existsSync(archive)
    if (exists) throw domainError('archive_exists', `${archive} is there already`)
    if (!noLinks.has(code)) throw error
    await rename(partial, archive)
  }
}
