import type { DatabaseSync } from 'node:sqlite'
import { setImmediate as othersFirst } from 'node:timers/promises'
import type { StoreFile } from '../../store/sqlite/store-file.ts'
import type { Head } from '../entry/chain.ts'
import { type ChainedEntry, callName } from '../entry/entry.ts'
import type { Signer } from '../entry/signature.ts'
import { memberOf } from '../entry/terms.ts'
import { opensGateway } from '../entry/writer-opened.ts'
import { batchesAfter, prunePosition, type StoredBatch } from '../query/batch-reader.ts'
import { newestHead } from '../query/chain-heads.ts'
import type { Administrator } from '../writer/admin-entries.ts'
import { openCallsOf } from '../writer/crash-recovery.ts'
import { newestPrunePoint, type PrunePoint } from './prune-point.ts'

export type PruneOptions = {
  readonly before: Date
  /** The file to make; compressed by gzip when its name ends in `.gz`. */
  readonly archive: string
  readonly administrator: Administrator
  readonly signer: Signer
  readonly now: Date
  /** Ends the work as soon as nothing is half done: before the prune is recorded, nothing has happened. */
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: (step: 'archived' | 'checked' | 'removed', entries: number) => void
}

/** After how many rows signals are handled. */
const rowsAtOnce = 200

/** No entry behind position `last` is removed. */
type PlanOptions = Pick<PruneOptions, 'before' | 'signal'> & { readonly last?: number }

/** How many entries can be removed so that the rest can be verified, and which chains and calls they leave open. */
export class PrunePlan {
  /** The position up to which the ledger was pruned before. */
  readonly after: number
  /** The position of the last entry that is removed, and how many are. */
  position = 0
  entries = 0
  readonly #before: string
  #newest: Head | undefined
  readonly #chains: Map<string, Head>
  /** Chains that a recovery has ended: their writers may have been alive, and have gone on. */
  readonly #recovered = new Map<string, Head>()
  readonly #calls: Set<string>

  /** Begins with what the newest prune left open: nothing else records that. */
  private constructor(raw: DatabaseSync, before: Date) {
    const previous = newestPrunePoint(raw)
    this.after = prunePosition(raw)
    this.#before = before.toISOString()
    this.#chains = new Map(previous?.heads.map(head => [head.writer, head]))
    this.#calls = new Set(previous?.open)
  }

  /** The longest beginning of the ledger that is older than `before` throughout; null when there is none. */
  static async make({ raw }: StoreFile, { before, last, signal }: PlanOptions): Promise<PrunePlan | null> {
    const plan = new PrunePlan(raw, before)
    const open = openCallsOf(raw).map(({ position }) => position - 1)
    const end = Math.min(last ?? Number.MAX_SAFE_INTEGER, ...open)
    let rows = 0
    for (const batch of batchesAfter(raw, plan.after)) {
      if (batch.id + batch.entries - 1 > end || !plan.#isOlder(batch)) break
      plan.#add(batch)
      if (++rows % rowsAtOnce === 0) await othersFirst()
      signal?.throwIfAborted()
    }
    return plan.entries === 0 ? null : plan
  }

  #isOlder({ texts }: StoredBatch): boolean {
    return texts.every(text => (memberOf(text, 'at') ?? '') < this.#before)
  }

  #add(batch: StoredBatch): void {
    const { id, writer, firstSeq, texts, hashes } = batch
    this.position = id + texts.length - 1
    this.entries += texts.length
    this.#newest = { writer, seq: firstSeq + texts.length - 1, hash: hashes.at(-1) ?? '' }
    if (!isChange(batch)) this.#chains.set(writer, this.#newest)
    for (const text of texts) this.#addText(text, writer)
  }

  #addText(text: string, writer: string): void {
    const entry = JSON.parse(text) as ChainedEntry
    if (entry.kind === 'writer.closed') this.#chains.delete(writer)
    else if (entry.kind === 'writer.recovered') this.#endRecovered(String(entry['recovered']))
    else if (entry.kind === 'call.intent') this.#calls.add(callName(entry))
    else if (entry.kind === 'call.outcome') this.#calls.delete(callName(entry))
  }

  #endRecovered(writer: string): void {
    const head = this.#chains.get(writer)
    if (!head) return
    this.#chains.delete(writer)
    this.#recovered.set(writer, head)
  }

  /** The prune point, as the store stands now: a chain that had ended may have gone on. */
  pointIn(raw: DatabaseSync): PrunePoint {
    const goOn = [...this.#recovered.values()].filter(
      ({ writer, seq }) => !this.#chains.has(writer) && (newestHead(raw, writer)?.seq ?? 0) > seq
    )
    const others = [...this.#chains.values(), ...goOn].filter(({ writer }) => writer !== this.#newest?.writer)
    // The last entry comes last, whatever its chain: the next opening refers to it.
    const heads = this.#newest ? [...others, this.#newest] : others
    return { position: this.position, before: this.#before, heads, open: [...this.#calls] }
  }
}

/** The chain of an administrative change is stored as a whole: its opening and its changes. */
function isChange({ firstSeq, texts: [opening = '', ...rest] }: StoredBatch): boolean {
  return firstSeq === 1 && rest.length > 0 && !opensGateway(opening)
}
