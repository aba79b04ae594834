import type { Store } from '../store/store.ts'
import type { Head } from './chain.ts'
import type { Cut } from './cut.ts'
import type { ChainedEntry } from './entry.ts'
import { openCallsOf } from './recover.ts'
import { batchesAfter, cutPosition, type StoredBatch } from './stored-batch.ts'
import { memberOf } from './terms.ts'

/** Where the ledger can be cut so that what is left can be checked without what is gone. */
export class CutPlan {
  /** The position of the first entry that goes, and how many go. */
  readonly first: number
  readonly entries: number
  readonly cut: Cut

  private constructor(first: number, entries: number, cut: Cut) {
    this.first = first
    this.entries = entries
    this.cut = cut
  }

  /** The longest beginning of the ledger that is older than `before` throughout; null when there is none. */
  static make({ raw }: Store, before: Date): CutPlan | null {
    const previous = cutPosition(raw)
    const last = Math.min(...openCallsOf(raw).map(({ position }) => position)) - 1
    const seen = new Seen()
    for (const batch of batchesAfter(raw, previous)) {
      if (batch.id + batch.entries - 1 > last || !isOlder(batch, before)) break
      seen.add(batch)
    }
    if (seen.entries === 0) return null
    const cut = {
      position: seen.position,
      before: before.toISOString(),
      heads: seen.heads(),
      open: seen.openCalls()
    }
    return new CutPlan(previous + 1, seen.entries, cut)
  }
}

function isOlder({ texts }: StoredBatch, before: Date): boolean {
  const limit = before.toISOString()
  return texts.every(text => (memberOf(text, 'at') ?? '') < limit)
}

/** What the entries up to the cut leave open: chains that have not ended, and calls without an outcome. */
class Seen {
  position = 0
  entries = 0
  #newest: Head | undefined
  readonly #chains = new Map<string, Head>()
  readonly #calls = new Set<string>()

  add({ id, writer, firstSeq, texts, hashes }: StoredBatch): void {
    this.position = id + texts.length - 1
    this.entries += texts.length
    this.#newest = { writer, seq: firstSeq + texts.length - 1, hash: hashes.at(-1) ?? '' }
    if (firstSeq > 1 || !texts[0]?.includes('"role":"cli"')) this.#chains.set(writer, this.#newest)
    for (const text of texts) this.#note(text, writer)
  }

  #note(text: string, writer: string): void {
    const kind = memberOf(text, 'kind')
    if (kind === 'writer.closed') this.#chains.delete(writer)
    else if (kind === 'writer.recovered') this.#chains.delete(String(entryOf(text)['recovered']))
    else if (kind === 'call.intent') this.#calls.add(callOf(text))
    else if (kind === 'call.outcome') this.#calls.delete(callOf(text))
  }

  /** The last entry too, whatever its chain: the next opening refers to it. */
  heads(): Head[] {
    const heads = [...this.#chains.values()]
    return this.#newest && !heads.includes(this.#newest) ? [...heads, this.#newest] : heads
  }

  openCalls(): string[] {
    return [...this.#calls]
  }
}

function callOf(text: string): string {
  const { request_id, attempt } = entryOf(text)
  return `${request_id} ${attempt}`
}

function entryOf(text: string): ChainedEntry {
  return JSON.parse(text) as ChainedEntry
}
