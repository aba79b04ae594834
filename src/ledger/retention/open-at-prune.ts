import type { DatabaseSync } from 'node:sqlite'
import type { Head } from '../entry/chain.ts'
import type { ChainedEntry } from '../entry/entry.ts'
import { memberOf } from '../entry/terms.ts'
import { opensGateway } from '../entry/writer-opened.ts'
import type { StoredBatch } from '../query/batch-reader.ts'
import type { PrunePoint } from './prune-point.ts'

/**
 * What the entries up to a cut leave open: chains that have not ended, and calls without an outcome. It begins with what
 * the cut before left open: of that, nothing else is known any more.
 */
export class OpenAtPrune {
  position = 0
  entries = 0
  #newest: Head | undefined
  readonly #chains: Map<string, Head>
  /** Chains that a recovery has ended: their writers may have been alive, and have gone on. */
  readonly #recovered = new Map<string, Head>()
  readonly #calls: Set<string>

  constructor(previous: PrunePoint | undefined) {
    this.#chains = new Map(previous?.heads.map(head => [head.writer, head]))
    this.#calls = new Set(previous?.open)
  }

  add(batch: StoredBatch): void {
    const { id, writer, firstSeq, texts, hashes } = batch
    this.position = id + texts.length - 1
    this.entries += texts.length
    this.#newest = { writer, seq: firstSeq + texts.length - 1, hash: hashes.at(-1) ?? '' }
    if (!isChange(batch)) this.#chains.set(writer, this.#newest)
    for (const text of texts) this.#note(text, writer)
  }

  #note(text: string, writer: string): void {
    const kind = memberOf(text, 'kind')
    if (kind === 'writer.closed') this.#chains.delete(writer)
    else if (kind === 'writer.recovered') this.#recover(String(entryOf(text)['recovered']))
    else if (kind === 'call.intent') this.#calls.add(callOf(text))
    else if (kind === 'call.outcome') this.#calls.delete(callOf(text))
  }

  #recover(writer: string): void {
    const head = this.#chains.get(writer)
    if (!head) return
    this.#chains.delete(writer)
    this.#recovered.set(writer, head)
  }

  /** The last entry comes last, whatever its chain: the next opening refers to it. */
  heads(raw: DatabaseSync): Head[] {
    const goOn = [...this.#recovered.values()].filter(head => this.#goesOn(raw, head.writer))
    const heads = [...this.#chains.values(), ...goOn].filter(({ writer }) => writer !== this.#newest?.writer)
    return this.#newest ? [...heads, this.#newest] : heads
  }

  #goesOn(raw: DatabaseSync, writer: string): boolean {
    const newest = raw
      .prepare('SELECT id FROM ledger_batch WHERE writer = ? ORDER BY first_seq DESC LIMIT 1')
      .get(writer)
    return !this.#chains.has(writer) && Number(newest?.['id'] ?? 0) > this.position
  }

  get openCalls(): string[] {
    return [...this.#calls]
  }
}

/** The chain of an administrative change is stored as a whole: what opens it and what it is about. */
function isChange({ firstSeq, texts: [opening = '', ...rest] }: StoredBatch): boolean {
  return firstSeq === 1 && rest.length > 0 && !opensGateway(opening)
}

function callOf(text: string): string {
  const { request_id, attempt } = entryOf(text)
  return `${request_id} ${attempt}`
}

function entryOf(text: string): ChainedEntry {
  return JSON.parse(text) as ChainedEntry
}
