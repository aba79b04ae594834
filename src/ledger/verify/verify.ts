import { chainHash, type Head } from '../entry/chain.ts'
import type { MalformedEntry, ParsedEntry } from '../entry/parse-entry.ts'
import { endedBefore, type PrunePoint } from '../retention/prune-point.ts'
import { CallCheck } from './call-check.ts'
import { ChainCheck } from './chain-check.ts'
import { type Finding, inWords } from './finding.ts'
import { SignatureCheck } from './signature-check.ts'

/** What is known of the ledger from elsewhere. Without it a chain whose end was cut off looks whole. */
export type KnownFacts = {
  /** Heads that were noted earlier: each must still be there, with its hash. */
  readonly heads?: readonly Head[]
  /** Heads that are recorded beside the store: entries up to there were acknowledged. */
  readonly acknowledged?: readonly Head[]
  /** The least number of entries of each writer, by writer. */
  readonly lengths?: ReadonlyMap<string, number>
  /** Whether a chain may be there at all; asked after the last entry. Absent: any may. */
  isWriter?(writer: string): boolean
  /** Where the beginning of the ledger was cut off, when what comes before it is not given too. */
  readonly cut?: PrunePoint | undefined
  /** The keys of which one must have made each signature, as entries name them. Absent: any key that fits will do. */
  readonly publicKeys?: ReadonlySet<string> | undefined
}

/** What verification found. The ledger is whole when `faults` is empty. */
export type Verification = {
  readonly entries: number
  readonly writers: number
  /** Calls without an outcome: in flight, or left by a crash and not yet recovered. */
  readonly openCalls: number
  /** Signed entries whose signatures fit, and the time of the latest of them. */
  readonly signatures: number
  readonly signedUntil: string | null
  /** The latest good entry of each chain. */
  readonly heads: readonly Head[]
  /** Known heads that nothing could be compared with: what they are about comes before the cut, and is not given. */
  readonly headsBeforeCut: number
  /** At most one for each chain, in the order in which they showed. */
  readonly faults: readonly Finding[]
}

/** Batches of entries in commit order, as `readStore` and `exportedEntries` give them. */
export type EntryBatches =
  | Iterable<readonly (ParsedEntry | MalformedEntry)[]>
  | AsyncIterable<readonly (ParsedEntry | MalformedEntry)[]>

/**
 * Reads a whole ledger once, in constant memory, and tells the first thing that is wrong with each chain: an entry
 * edited, missing, reordered, duplicated, foreign, badly signed, or a tail cut off. `onProgress` gets the number of entries read.
 */
export async function verifyLedger(
  batches: EntryBatches,
  known: KnownFacts = {},
  onProgress: (entries: number) => void = () => {}
): Promise<Verification> {
  const verifier = new Verifier(known)
  for await (const batch of batches) {
    for (const entry of batch) verifier.add(entry)
    onProgress(verifier.entries)
  }
  return verifier.finish()
}

class Verifier {
  entries = 0
  readonly #known: KnownFacts
  readonly #knownHashes = new Map<string, Map<number, string>>()
  readonly #chains = new Map<string, ChainCheck>()
  readonly #calls: CallCheck
  readonly #signatures: SignatureCheck
  /** Broken chains, and the first text that belongs to no chain, in the order in which they showed. */
  readonly #broken = new Set<ChainCheck | Finding>()
  #homeless: Finding | null = null
  #latest: ChainCheck | undefined

  constructor(known: KnownFacts) {
    this.#known = known
    for (const { writer, seq, hash } of [...(known.heads ?? []), ...(known.acknowledged ?? [])]) {
      const hashes = this.#knownHashes.get(writer) ?? new Map<number, string>()
      this.#knownHashes.set(writer, hashes.set(seq, hash))
    }
    for (const head of known.cut?.heads ?? []) this.#goOnFrom(head)
    this.#calls = new CallCheck(known.cut?.open)
    this.#signatures = new SignatureCheck(known.publicKeys)
  }

  /** Whoever prunes signs, and so do the gateways whose chains a cut leaves open: their openings need not be seen. */
  #goOnFrom(head: Head): void {
    const chain = new ChainCheck(head.writer, this.#knownHashes.get(head.writer), head)
    chain.signs = true
    this.#chains.set(head.writer, chain)
  }

  add(entry: ParsedEntry | MalformedEntry): void {
    this.entries++
    if ('malformed' in entry) this.#addMalformed(entry)
    else if (chainHash(entry.prev, entry.text) !== entry.hash) this.#addEdited(entry)
    else this.#addWhole(entry)
  }

  #addMalformed({ location: place, malformed: detail, prev }: MalformedEntry): void {
    const owner = prev === undefined ? undefined : this.#chainAt(prev)
    if (owner) {
      owner.report('malformed', owner.head.seq + 1, place, detail)
      this.#note(owner)
    }
    // One of the others is enough: a file that is no export at all would fill the memory with its lines.
    else if (!this.#homeless) {
      this.#homeless = { kind: 'malformed', writer: null, seq: null, place: inWords(place), detail }
      this.#broken.add(this.#homeless)
    }
  }

  /** The entry may lie about its writer and number too. Whose place it is in is told by the entry before it. */
  #addEdited({ writer, seq, prev, location: place }: ParsedEntry): void {
    const chain = this.#chainAt(prev, writer) ?? this.#chain(writer)
    const next = chain.head.seq + 1
    const actual = chain.head.hash === prev ? next : Math.max(seq, next)
    const lies = chain.writer !== writer || actual !== seq ? `; it says to be ${writer} ${seq}` : ''
    chain.report('edited', actual, place, `its content and its hash do not fit${lies}`)
    this.#note(chain)
  }

  /** The chain whose latest entry has this hash; of several (at their beginning) that of the preferred writer. */
  #chainAt(hash: string, preferred?: string): ChainCheck | undefined {
    const chains = [...this.#chains.values()].filter(({ head }) => head.hash === hash)
    return chains.find(({ writer }) => writer === preferred) ?? chains[0]
  }

  #addWhole(entry: ParsedEntry): void {
    const isFirst = this.entries === 1 && !this.#known.cut
    const chain = this.#chain(entry.writer)
    chain.add(entry)
    if (chain.intact) this.#addStory(entry, chain, isFirst)
    this.#note(chain)
  }

  /** What an entry of an intact chain says about calls and about other chains. */
  #addStory(entry: ParsedEntry, chain: ChainCheck, isFirst: boolean): void {
    const { seq, location: place, kind, anchor } = entry
    const unsigned = this.#signatures.add(entry, chain)
    if (unsigned) chain.report('bad_signature', seq, place, unsigned)
    if (anchor) this.#vouch(anchor, entry)
    else if (kind === 'writer.opened' && !isFirst)
      chain.report('foreign', seq, place, 'it says that the ledger was empty when it was written')
    // Once an intent may be lost, outcomes without one are no news.
    if (this.#broken.size > 0) return
    const odd = this.#calls.add(entry)
    if (odd) chain.report(odd.kind, seq, place, odd.detail)
  }

  #vouch(anchor: Head, { writer, seq, location: place, kind }: ParsedEntry): void {
    const chain = this.#chain(anchor.writer)
    chain.expectAtLeast(anchor.seq, anchor.hash, place, `${kind} (${writer} ${seq})`)
    this.#note(chain)
  }

  #chain(writer: string): ChainCheck {
    // Mostly that of the entry before: to compare is faster than to look up.
    if (this.#latest?.writer === writer) return this.#latest
    let chain = this.#chains.get(writer)
    if (!chain) {
      chain = new ChainCheck(writer, this.#knownHashes.get(writer))
      this.#chains.set(writer, chain)
    }
    this.#latest = chain
    return chain
  }

  #note(chain: ChainCheck): void {
    if (!chain.intact) this.#broken.add(chain)
  }

  finish(): Verification {
    const { cut, lengths } = this.#known
    for (const writer of [...this.#knownHashes.keys(), ...(lengths?.keys() ?? [])])
      if (!cut || this.#chains.has(writer) || !endedBefore(cut, writer)) this.#chain(writer)
    for (const chain of this.#chains.values()) this.#finishChain(chain)
    const unsigned = this.entries > 0 ? this.#signatures.finish() : null
    if (unsigned) this.#broken.add(unsigned)
    const faults = [...this.#broken].flatMap(broken => ('kind' in broken ? broken : (broken.finding ?? [])))
    const chains = [...this.#chains.values()].filter(({ head }) => head.seq > 0)
    return {
      entries: this.entries,
      writers: chains.length,
      openCalls: this.#calls.openCalls,
      signatures: this.#signatures.count,
      signedUntil: this.#signatures.until,
      heads: chains.map(({ head }) => head),
      headsBeforeCut: (this.#known.heads ?? []).filter(head => this.#isBeforeCut(head)).length,
      faults
    }
  }

  #isBeforeCut({ writer, seq }: Head): boolean {
    const { cut } = this.#known
    const openThere = cut?.heads.find(head => head.writer === writer)
    return openThere ? seq < openThere.seq : cut != null && !this.#chains.has(writer)
  }

  #finishChain(chain: ChainCheck): void {
    const length = this.#known.lengths?.get(chain.writer)
    if (length !== undefined) chain.expectAtLeast(length, undefined, 'the end', "the store's list of writers")
    // A chain that is known from the cut alone has ended before it: the store has forgotten its writer.
    const isCut = this.#known.cut?.heads.some(head => head.hash === chain.head.hash)
    const isEmpty = chain.intact && chain.head.seq === 0
    if (!isCut && !isEmpty && this.#known.isWriter?.(chain.writer) === false)
      chain.report('foreign', 1, 'the end', 'the store knows no such writer')
    chain.finish()
    this.#note(chain)
  }
}
