import { chainHash, type Head } from '../entry/chain.ts'
import type { MalformedEntry, ParsedEntry, ReadEntry } from '../entry/parse-entry.ts'
import { endedBefore, type PrunePoint } from '../retention/prune-point.ts'
import { CallCheck } from './call-check.ts'
import { ChainCheck } from './chain-check.ts'
import { type Finding, inWords } from './finding.ts'
import { SignatureCheck } from './signature-check.ts'

/** What is known of the ledger from elsewhere. Without it a chain whose end was cut off looks whole. */
export type Expectations = {
  /** Heads that were noted earlier: each must still be there, with its hash. */
  readonly heads?: readonly Head[]
  /** Heads that are recorded beside the store: entries up to there were acknowledged. */
  readonly acknowledged?: readonly Head[]
  /** The least number of entries of each writer, by writer. */
  readonly lengths?: ReadonlyMap<string, number>
  /** Whether a chain may be there at all, by its writer; called after the last entry. Absent: any may. */
  isWriter?(writer: string): boolean
  readonly prunePoint?: PrunePoint | undefined
  /** Signatures by other keys are bad. Absent: any key is good. In the form that entries hold. */
  readonly publicKeys?: ReadonlySet<string> | undefined
}

/** What verification found. The ledger is whole when `faults` is empty. */
export type Verification = {
  readonly entries: number
  readonly writers: number
  /** Calls without an outcome: in flight, or left by a crash and not yet recovered. */
  readonly openCalls: number
  /** How many good signatures there are, and the time of the latest. */
  readonly signatures: number
  readonly signedUntil: string | null
  /** The latest good entry of each chain. */
  readonly heads: readonly Head[]
  /** How many known heads could not be compared, as they are from before the prune point. */
  readonly headsBeforeCut: number
  /** At most one for each chain, in the order in which they showed. */
  readonly faults: readonly Finding[]
}

/** Batches of entries in commit order, as `readStore` and `exportedEntries` give them. */
export type EntryBatches = Iterable<readonly ReadEntry[]> | AsyncIterable<readonly ReadEntry[]>

/** Reads a whole ledger once, in constant memory, and finds the first thing that is wrong with each chain. */
export async function verifyLedger(
  batches: EntryBatches,
  known: Expectations = {},
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
  readonly #known: Expectations
  readonly #knownHashes = new Map<string, Map<number, string>>()
  readonly #chains = new Map<string, ChainCheck>()
  readonly #calls: CallCheck
  readonly #signatures: SignatureCheck
  /** Broken chains, and findings that belong to no chain, in the order in which they showed. */
  readonly #broken = new Set<ChainCheck | Finding>()
  /** The first malformed text that belongs to no chain: all of a file that is no export would fill the memory. */
  #stray: Finding | null = null
  #latest: ChainCheck | undefined

  constructor(known: Expectations) {
    this.#known = known
    for (const { writer, seq, hash } of [...(known.heads ?? []), ...(known.acknowledged ?? [])]) {
      const hashes = this.#knownHashes.get(writer) ?? new Map<number, string>()
      this.#knownHashes.set(writer, hashes.set(seq, hash))
    }
    // Whoever prunes signs, and so do the gateways whose chains a prune leaves open: their openings need not be seen.
    for (const head of known.prunePoint?.heads ?? []) this.#startChain(head.writer, head).signs = true
    this.#calls = new CallCheck(known.prunePoint?.open)
    this.#signatures = new SignatureCheck(known.publicKeys)
  }

  #startChain(writer: string, head?: Head): ChainCheck {
    const chain = new ChainCheck(writer, this.#knownHashes.get(writer), head)
    this.#chains.set(writer, chain)
    return chain
  }

  add(entry: ReadEntry): void {
    this.entries++
    if ('malformed' in entry) this.#addMalformed(entry)
    else if (chainHash(entry.prev, entry.text) !== entry.hash) this.#addEdited(entry)
    else this.#addWhole(entry)
  }

  #addMalformed({ location, malformed: detail, prev }: MalformedEntry): void {
    const owner = prev === undefined ? undefined : this.#chainAt(prev)
    if (owner) {
      owner.report('malformed', { seq: owner.head.seq + 1, location }, detail)
      this.#noteBroken(owner)
    } else if (!this.#stray) {
      this.#stray = { kind: 'malformed', writer: null, seq: null, place: inWords(location), detail }
      this.#broken.add(this.#stray)
    }
  }

  /** The entry may name a wrong writer and number too: the entry before it shows the right ones. */
  #addEdited({ writer, seq, prev, location }: ParsedEntry): void {
    const chain = this.#chainAt(prev, writer) ?? this.#chain(writer)
    const next = chain.head.seq + 1
    const actual = chain.head.hash === prev ? next : Math.max(seq, next)
    const lies = chain.writer !== writer || actual !== seq ? `; it claims to be ${writer} ${seq}` : ''
    chain.report('edited', { seq: actual, location }, `its content and its hash do not fit${lies}`)
    this.#noteBroken(chain)
  }

  /** The chain whose latest entry has this hash; of several (at their beginning) that of the preferred writer. */
  #chainAt(hash: string, preferred?: string): ChainCheck | undefined {
    const chains = [...this.#chains.values()].filter(({ head }) => head.hash === hash)
    return chains.find(({ writer }) => writer === preferred) ?? chains[0]
  }

  #addWhole(entry: ParsedEntry): void {
    const chain = this.#chain(entry.writer)
    chain.add(entry)
    if (chain.intact) this.#addIntact(entry, chain)
    this.#noteBroken(chain)
  }

  /** What an entry of an intact chain says about calls and about other chains. */
  #addIntact(entry: ParsedEntry, chain: ChainCheck): void {
    const { kind, anchor } = entry
    const isFirst = this.entries === 1 && !this.#known.prunePoint
    const unsigned = this.#signatures.add(entry, chain)
    if (unsigned) chain.report('bad_signature', entry, unsigned)
    if (anchor) this.#expectAnchor(anchor, entry)
    else if (kind === 'writer.opened' && !isFirst)
      chain.report('foreign', entry, 'it says that the ledger was empty when it was written')
    // When an intent may be lost, an outcome without one is no finding.
    if (this.#broken.size > 0) return
    const finding = this.#calls.add(entry)
    if (finding) chain.report(finding.kind, entry, finding.detail)
  }

  #expectAnchor(anchor: Head, { writer, seq, location, kind }: ParsedEntry): void {
    const chain = this.#chain(anchor.writer)
    chain.expectAtLeast(anchor.seq, anchor.hash, location, `${kind} (${writer} ${seq})`)
    this.#noteBroken(chain)
  }

  #chain(writer: string): ChainCheck {
    // Mostly that of the entry before: to compare is faster than to look up.
    if (this.#latest?.writer === writer) return this.#latest
    this.#latest = this.#chains.get(writer) ?? this.#startChain(writer)
    return this.#latest
  }

  #noteBroken(chain: ChainCheck): void {
    if (!chain.intact) this.#broken.add(chain)
  }

  finish(): Verification {
    const { prunePoint, lengths, heads = [] } = this.#known
    for (const writer of [...this.#knownHashes.keys(), ...(lengths?.keys() ?? [])])
      if (!prunePoint || this.#chains.has(writer) || !endedBefore(prunePoint, writer)) this.#chain(writer)
    for (const chain of this.#chains.values()) this.#finishChain(chain)
    const unsigned = this.entries > 0 ? this.#signatures.finish() : null
    if (unsigned) this.#broken.add(unsigned)
    const chains = [...this.#chains.values()].filter(({ head }) => head.seq > 0)
    return {
      entries: this.entries,
      writers: chains.length,
      openCalls: this.#calls.open.size,
      signatures: this.#signatures.count,
      signedUntil: this.#signatures.until,
      heads: chains.map(({ head }) => head),
      headsBeforeCut: heads.filter(head => this.#isBeforeCut(head)).length,
      faults: [...this.#broken].flatMap(broken =>
        broken instanceof ChainCheck ? (broken.finding ?? []) : broken
      )
    }
  }

  #isBeforeCut({ writer, seq }: Head): boolean {
    const { prunePoint } = this.#known
    const openThere = prunePoint?.heads.find(head => head.writer === writer)
    return openThere ? seq < openThere.seq : prunePoint !== undefined && !this.#chains.has(writer)
  }

  #finishChain(chain: ChainCheck): void {
    const { lengths, prunePoint, isWriter } = this.#known
    const length = lengths?.get(chain.writer)
    if (length !== undefined) chain.expectAtLeast(length, undefined, 'the end', "the store's list of writers")
    // A chain without entries behind the prune point has ended there: the store has forgotten its writer.
    const isPruned = prunePoint?.heads.some(head => head.hash === chain.head.hash)
    const isEmpty = chain.intact && chain.head.seq === 0
    if (!isPruned && !isEmpty && isWriter?.(chain.writer) === false)
      chain.report('foreign', { seq: 1, location: 'the end' }, 'the store knows no such writer')
    chain.finish()
    this.#noteBroken(chain)
  }
}
