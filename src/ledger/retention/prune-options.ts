import type { Signer } from '../entry/signature.ts'
import type { Administrator } from '../writer/admin-entries.ts'

export type PruneOptions = {
  /** Entries older than this are removed. */
  readonly before: Date
  /** The file to make; compressed by gzip when its name ends in `.gz`. */
  readonly archive: string
  readonly administrator: Administrator
  readonly signer: Signer
  readonly now: Date
  /** Ends the work as soon as nothing is half done: before the prune is recorded, nothing has happened. */
  readonly signal?: AbortSignal
  readonly onProgress?: (step: 'archived' | 'checked' | 'removed', entries: number) => void
}

/** What was pruned. `sha256` is that of the archive's bytes. */
export type Pruned = { readonly entries: number; readonly position: number; readonly sha256: string }
