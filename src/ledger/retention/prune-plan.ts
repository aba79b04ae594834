import type { DatabaseSync } from 'node:sqlite'
import { setImmediate as othersFirst } from 'node:timers/promises'
import type { Store } from '../../store/store.ts'
import { memberOf } from '../entry/terms.ts'
import { batchesAfter, prunePosition, type StoredBatch } from '../query/batch-reader.ts'
import { openCallsOf } from '../writer/crash-recovery.ts'
import { OpenAtPrune } from './open-at-prune.ts'
import { newestPrunePoint, type PrunePoint } from './prune-point.ts'

/** After how many rows signals are heard. */
const rowsAtOnce = 200

type PlanOptions = {
  /** Entries from before this time go. */
  readonly before: Date
  /** No entry behind this position goes. */
  readonly last?: number
  readonly signal?: AbortSignal | undefined
}

/** Where the ledger can be cut so that what is left can be checked without what is gone. */
export class PrunePlan {
  /** The position of the first entry that goes, that of the last, and how many go. */
  readonly first: number
  readonly position: number
  readonly entries: number
  readonly #before: string
  readonly #leftOpen: OpenAtPrune

  private constructor(first: number, before: Date, leftOpen: OpenAtPrune) {
    this.first = first
    this.position = leftOpen.position
    this.entries = leftOpen.entries
    this.#before = before.toISOString()
    this.#leftOpen = leftOpen
  }

  /** The longest beginning of the ledger that is older than `before` throughout; null when there is none. */
  static async make({ raw }: Store, { before, last, signal }: PlanOptions): Promise<PrunePlan | null> {
    const previous = prunePosition(raw)
    const open = openCallsOf(raw).map(({ position }) => position - 1)
    const end = Math.min(last ?? Number.MAX_SAFE_INTEGER, ...open)
    const leftOpen = new OpenAtPrune(newestPrunePoint(raw)?.cut)
    let rows = 0
    for (const batch of batchesAfter(raw, previous)) {
      if (batch.id + batch.entries - 1 > end || !isOlder(batch, before)) break
      leftOpen.add(batch)
      if (++rows % rowsAtOnce === 0) await othersFirst()
      signal?.throwIfAborted()
    }
    return leftOpen.entries === 0 ? null : new PrunePlan(previous + 1, before, leftOpen)
  }

  /** What the entry of the cut tells, as the store stands now: a chain that had ended may have been taken up again. */
  cut(raw: DatabaseSync): PrunePoint {
    const { position, openCalls } = this.#leftOpen
    return { position, before: this.#before, heads: this.#leftOpen.heads(raw), open: openCalls }
  }

  /** Whether the ledger still begins where it did when this was planned. */
  isOf(raw: DatabaseSync): boolean {
    return prunePosition(raw) === this.first - 1
  }
}

function isOlder({ texts }: StoredBatch, before: Date): boolean {
  const limit = before.toISOString()
  return texts.every(text => (memberOf(text, 'at') ?? '') < limit)
}
