import { genesis, type Head } from '../entry/chain.ts'
import type { EntryLocation, ParsedEntry } from '../entry/parse-entry.ts'
import { type Finding, type FindingKind, inWords } from './finding.ts'

/** A missing entry. Whether it is lost or only out of order shows later. */
type Gap = {
  seq: number
  prev: string
  location: EntryLocation
  kind: 'missing' | 'cut_tail'
  detail: string
}

/** An entry that is whole and does not follow the one before it: the next entry shows which of them was replaced. */
type Break = { before: number; entry: ParsedEntry }

/** Finds the first thing that is wrong with one writer's chain, in one pass, holding no more than its latest entry. */
export class ChainCheck {
  readonly writer: string
  /** The hashes of known entries, by number. */
  readonly #known: ReadonlyMap<number, string>
  /** The latest good entry. */
  head: Head
  #closed = false
  #gap: Gap | null = null
  #break: Break | null = null
  finding: Finding | null = null
  /** Whether its opening is signed: then what closes or confirms it must be. Null when it was opened before any signature. */
  signs: boolean | null = null

  /** Begins at the chain's first entry, or behind `head`. */
  constructor(
    writer: string,
    known: ReadonlyMap<number, string> = new Map(),
    head: Head = { writer, seq: 0, hash: genesis }
  ) {
    this.writer = writer
    this.#known = known
    this.head = head
  }

  get intact(): boolean {
    return !this.finding && !this.#gap && !this.#break
  }

  /** The next entry of this chain whose own text and hash fit together. */
  add(entry: ParsedEntry): void {
    if (this.finding) return
    if (this.#gap) this.#addAfterGap(this.#gap, entry)
    else if (this.#break) this.#addAfterBreak(this.#break, entry)
    else this.#addNext(entry)
  }

  #addNext(entry: ParsedEntry): void {
    const { writer, seq, prev, hash, kind } = entry
    const before = this.head.seq
    if (seq <= before) this.#reportRepeated(entry)
    else if (seq > before + 1) this.#openGap(entry.location, 'missing', `its chain goes on with ${seq}`)
    else if (this.#closed) this.report('foreign', entry, 'it comes after the end of its chain, writer.closed')
    else if (seq === 1 && prev !== genesis)
      this.report('edited', entry, 'a first entry has no entry before it')
    else if (seq === 1 && kind !== 'writer.opened')
      this.report('foreign', entry, 'its chain does not begin with writer.opened')
    else if (prev !== this.head.hash) {
      // A known head confirms the entry before, so it is this one that was replaced.
      if (this.#known.has(before)) this.report('edited', entry, `it does not follow ${before}`)
      else this.#break = { before, entry }
    } else if ((this.#known.get(seq) ?? hash) !== hash)
      this.report('edited', entry, 'a known head has another hash')
    else {
      this.head = { writer, seq, hash }
      this.#closed = kind === 'writer.closed'
    }
  }

  #reportRepeated(entry: ParsedEntry): void {
    const { seq, hash } = this.head
    if (entry.seq === seq && entry.hash !== hash)
      this.report('foreign', entry, 'two different entries hold this number')
    else this.report('duplicated', entry, 'an earlier entry holds this number already')
  }

  #addAfterBreak({ before, entry }: Break, next: ParsedEntry): void {
    if (next.seq === entry.seq) this.report('foreign', entry, 'two different entries hold this number')
    else if (next.seq === entry.seq + 1 && next.prev === entry.hash) this.#reportReplaced(before, entry)
    else this.report('edited', entry, `it follows neither ${before} nor is it followed by ${next.seq}`)
  }

  #reportReplaced(seq: number, { location }: ParsedEntry): void {
    const detail = `its hash was recomputed; ${seq + 1} still refers to the original entry`
    this.report('edited', { seq, location }, detail)
  }

  #addAfterGap(gap: Gap, entry: ParsedEntry): void {
    if (entry.seq === gap.seq && entry.prev === gap.prev)
      this.report('reordered', entry, 'it comes after entries that were written later')
    else if (entry.seq > gap.seq) gap.kind = 'missing'
  }

  #openGap(location: EntryLocation, kind: Gap['kind'], detail: string): void {
    const { seq, hash: prev } = this.head
    this.#gap = { seq: seq + 1, prev, location, kind: seq === 0 ? 'missing' : kind, detail }
  }

  /** `witness`, in words for people, knows that this chain has an entry `seq`, and its hash unless undefined. */
  expectAtLeast(seq: number, hash: string | undefined, location: EntryLocation, witness: string): void {
    if (!this.intact) return
    if (seq > this.head.seq) this.#openGap(location, 'cut_tail', `${witness} knows ${seq}`)
    else if (seq === this.head.seq && hash !== undefined && hash !== this.head.hash)
      this.report('edited', { seq, location }, `${witness} knows it with another hash`)
  }

  /** Records what is wrong with an entry: the first finding of this chain alone, as others may follow from it. */
  report(kind: FindingKind, { seq, location }: Pick<ParsedEntry, 'seq' | 'location'>, detail: string): void {
    this.finding ??= { kind, writer: this.writer, seq, place: inWords(location), detail }
  }

  finish(): void {
    if (this.finding) return
    if (this.#break) this.#finishBreak(this.#break)
    for (const [seq, hash] of this.#known) this.expectAtLeast(seq, hash, 'the end', 'a known head')
    if (this.#gap) this.report(this.#gap.kind, this.#gap, this.#gap.detail)
  }

  #finishBreak({ before, entry }: Break): void {
    if ((this.#known.get(entry.seq) ?? entry.hash) !== entry.hash)
      this.report('edited', entry, 'a known head has another hash')
    else this.#reportReplaced(before, entry)
  }
}
