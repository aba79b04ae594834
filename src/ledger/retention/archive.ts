import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { link, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { syncFolder } from '../../base/durable-file.ts'
import { uuidv7 } from '../../base/uuid.ts'
import { domainError } from '../../contract/error-table.ts'
import type { Store } from '../../store/store.ts'
import { exportedLines } from '../query/export.ts'
import { exportedEntries } from '../verify/exported-entries.ts'
import { describeFinding } from '../verify/finding.ts'
import { verifyLedger } from '../verify/verify.ts'
import type { PrunePlan } from './prune-plan.ts'
import { newestPrunePoint } from './prune-point.ts'

/** An archive that is on the disk, and whole. `sha256` is that of its bytes. */
export type Archive = { readonly sha256: string }

type ArchiveOptions = {
  readonly signal?: AbortSignal
  readonly onProgress?: (step: 'archived' | 'checked', entries: number) => void
}

/** Writes what is to be cut off to `path`, reads it back and checks it. On failure nothing is left. */
export async function makeArchive(
  store: Store,
  plan: PrunePlan,
  path: string,
  options: ArchiveOptions
): Promise<Archive> {
  const draft = `${path}.${uuidv7()}.partial`
  try {
    await write(store, plan, draft, path.endsWith('.gz'), options)
    const archive = await checkArchive(store, plan, draft, options)
    options.signal?.throwIfAborted()
    await putInPlace(draft, path)
    return archive
  } finally {
    await rm(draft, { force: true })
  }
}

async function write(
  { raw }: Store,
  { first, position }: PrunePlan,
  path: string,
  isZipped: boolean,
  { signal, onProgress }: ArchiveOptions
): Promise<void> {
  async function* lines() {
    let entries = 0
    for (const text of exportedLines(raw, first - 1, position)) {
      yield text
      entries += text.split('\n').length - 1
      onProgress?.('archived', entries)
    }
  }
  const file = createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true })
  const steps = isZipped ? [createGzip()] : []
  await pipeline([Readable.from(lines()), ...steps, file], signal ? { signal } : {})
}

/** Reads it back from the disk: what it does not hold, and hold whole, must not be removed. Throws PruneRefused. */
export async function checkArchive(
  { raw }: Store,
  plan: PrunePlan,
  path: string,
  { signal, onProgress }: ArchiveOptions
): Promise<Archive> {
  const known = { heads: plan.cut(raw).heads, cut: newestPrunePoint(raw)?.cut }
  const found = await verifyLedger(exportedEntries(path), known, entries => {
    signal?.throwIfAborted()
    onProgress?.('checked', entries)
  })
  const [fault] = found.faults
  if (fault)
    throw domainError('archive_faulty', `what would go into the archive is broken: ${describeFinding(fault)}`)
  if (found.entries !== plan.entries) throw domainError('archive_faulty', 'the archive is not complete')
  return { sha256: await digestOf(path) }
}

/** The SHA-256 of a file's bytes, in hex. */
export async function digestOf(path: string): Promise<string> {
  const digest = createHash('sha256')
  for await (const chunk of createReadStream(path)) digest.update(chunk)
  return digest.digest('hex')
}

/** Its name is as durable as its content before anything is removed. */
async function putInPlace(draft: string, archive: string): Promise<void> {
  await nameIt(draft, archive)
  syncFolder(dirname(archive))
}

/** Codes of file systems that have no links. */
const noLinks = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL'])

/** By a link, as a rename would replace a file that has come there meanwhile. */
async function nameIt(draft: string, archive: string): Promise<void> {
  try {
    await link(draft, archive)
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    const isThere = code === 'EEXIST' || existsSync(archive)
    if (isThere) throw domainError('archive_exists', `${archive} is there already`)
    if (!noLinks.has(code)) throw error
    await rename(draft, archive)
  }
}
