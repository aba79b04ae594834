import { genesis, type Head } from '../entry/chain.ts'
import type { EntryLocation, ParsedEntry } from '../entry/parse-entry.ts'
import { type Finding, type FindingKind, inWords } from './finding.ts'

/** An entry that should be here and is not. Whether it is missing or only out of order shows later. */
type Gap = { seq: number; prev: string; place: EntryLocation; kind: 'missing' | 'cut_tail'; detail: string }

/** Two neighbours that are whole each and do not fit together: the next entry tells which of them was replaced. */
type Break = { before: number; after: Head; place: EntryLocation }

/** Finds the first thing that is wrong with one writer's chain, in one pass, holding no more than its latest entry. */
export class ChainCheck {
  readonly writer: string
  /** Entries by number that are known from elsewhere, with their hashes. */
  readonly #known: ReadonlyMap<number, string>
  #head: Head
  #closed = false
  #gap: Gap | null = null
  #break: Break | null = null
  #fault: Finding | null = null
  /**
   * Whether its opening is signed: then all that closes or confirms it has to be. Null when it was opened before anything
   * was signed, and nothing has to be.
   */
  signs: boolean | null = null

  /** Begins at the chain's first entry, or behind `head`. */
  constructor(
    writer: string,
    known: ReadonlyMap<number, string> = new Map(),
    head: Head = { writer, seq: 0, hash: genesis }
  ) {
    this.writer = writer
    this.#known = known
    this.#head = head
  }

  /** The latest entry in place. */
  get head(): Head {
    return this.#head
  }

  /** Whether nothing is wrong so far. */
  get intact(): boolean {
    return !this.#fault && !this.#gap && !this.#break
  }

  get finding(): Finding | null {
    return this.#fault
  }

  /** The next entry of this chain whose own text and hash fit together. */
  add(entry: ParsedEntry): void {
    if (this.#fault) return
    if (this.#gap) this.#afterGap(this.#gap, entry)
    else if (this.#break) this.#afterBreak(this.#break, entry)
    else this.#place(entry)
  }

  #place(entry: ParsedEntry): void {
    const { seq, prev, hash, kind, location: place } = entry
    const expected = this.#head.seq + 1
    if (seq < expected) this.#placeTaken(entry)
    else if (seq > expected) this.#open(place, 'missing', `its chain goes on with ${seq}`)
    else if (this.#closed)
      this.report('foreign', seq, place, 'it comes after the end of its chain, writer.closed')
    else if (seq === 1 && prev !== genesis)
      this.report('edited', seq, place, 'a first entry has no entry before it')
    else if (seq === 1 && kind !== 'writer.opened')
      this.report('foreign', seq, place, 'its chain does not begin with writer.opened')
    else if (prev !== this.#head.hash) this.#breakAt(entry)
    else if ((this.#known.get(seq) ?? hash) !== hash)
      this.report('edited', seq, place, 'a known head has another hash')
    else this.#accept(entry)
  }

  #accept({ writer, seq, hash, kind }: ParsedEntry): void {
    this.#head = { writer, seq, hash }
    this.#closed = kind === 'writer.closed'
  }

  #placeTaken({ seq, hash, location: place }: ParsedEntry): void {
    if (seq === this.#head.seq && hash !== this.#head.hash)
      this.report('foreign', seq, place, 'two different entries hold this number')
    else this.report('duplicated', seq, place, 'an earlier entry holds this number already')
  }

  #breakAt({ writer, seq, hash, location: place }: ParsedEntry): void {
    const before = this.#head.seq
    // A known head vouches for the entry before, so that it is this one that was replaced.
    if (this.#known.has(before)) this.report('edited', seq, place, `it does not follow ${before}`)
    else this.#break = { before, after: { writer, seq, hash }, place }
  }

  #afterBreak({ before, after, place }: Break, entry: ParsedEntry): void {
    if (entry.seq === after.seq)
      this.report('foreign', after.seq, place, 'two different entries hold this number')
    else if (entry.seq === after.seq + 1 && entry.prev === after.hash) this.#replaced(before, place)
    else
      this.report(
        'edited',
        after.seq,
        place,
        `it follows neither ${before} nor is it followed by ${entry.seq}`
      )
  }

  #replaced(seq: number, place: EntryLocation): void {
    this.report(
      'edited',
      seq,
      place,
      `its hash was made anew, and ${seq + 1} still follows the entry that was here`
    )
  }

  #afterGap(gap: Gap, { seq, prev, location: place }: ParsedEntry): void {
    if (seq === gap.seq && prev === gap.prev)
      this.report('reordered', seq, place, 'it comes after entries that were written later')
    else if (seq > gap.seq) gap.kind = 'missing'
  }

  #open(place: EntryLocation, kind: Gap['kind'], detail: string): void {
    const { seq, hash: prev } = this.#head
    this.#gap = { seq: seq + 1, prev, place, kind: seq === 0 ? 'missing' : kind, detail }
  }

  /** Another place vouches for an entry of this chain: `witness` says which, for people. */
  expectAtLeast(seq: number, hash: string | undefined, place: EntryLocation, witness: string): void {
    if (!this.intact) return
    if (seq > this.#head.seq) this.#open(place, 'cut_tail', `${witness} knows ${seq}`)
    else if (seq === this.#head.seq && hash !== undefined && hash !== this.#head.hash)
      this.report('edited', seq, place, `${witness} knows it with another hash`)
  }

  /** Records a fault, the first of this chain alone: what follows from it is no news. */
  report(kind: FindingKind, seq: number, place: EntryLocation, detail: string): void {
    this.#fault ??= { kind, writer: this.writer, seq, place: inWords(place), detail }
  }

  /** There are no more entries. */
  finish(): void {
    if (this.#fault) return
    if (this.#break) this.#finishBreak(this.#break)
    for (const [seq, hash] of this.#known) this.expectAtLeast(seq, hash, 'the end', 'a known head')
    if (this.#gap) this.report(this.#gap.kind, this.#gap.seq, this.#gap.place, this.#gap.detail)
  }

  #finishBreak({ before, after, place }: Break): void {
    const known = this.#known.get(after.seq)
    if (known !== undefined && known !== after.hash)
      this.report('edited', after.seq, place, 'a known head has another hash')
    else this.#replaced(before, place)
  }
}
