import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ledgerSigner } from '../../../src/custody/crypto/ledger-signer.ts'
import type { EntryFields } from '../../../src/ledger/entry/entry.ts'
import { pendingEntry } from '../../../src/ledger/entry/pending-entry.ts'
import { readWriters } from '../../../src/ledger/query/chain-heads.ts'
import { exportedLines } from '../../../src/ledger/query/export.ts'
import { segmentSize } from '../../../src/ledger/query/postings.ts'
import { readStore } from '../../../src/ledger/query/read-store.ts'
import { prune } from '../../../src/ledger/retention/prune.ts'
import type { PruneOptions } from '../../../src/ledger/retention/prune-plan.ts'
import { newestPrunePoint, type Pruned } from '../../../src/ledger/retention/prune-point.ts'
import { exportedEntries } from '../../../src/ledger/verify/exported-entries.ts'
import { type Expectations, type Verification, verifyLedger } from '../../../src/ledger/verify/verify.ts'
import { changeWithEntries } from '../../../src/ledger/writer/admin-entries.ts'
import { LedgerWriter } from '../../../src/ledger/writer/writer.ts'
import { openStore, type Store } from '../../../src/store/store.ts'
import { callEntry } from '../verify/verify-fixture.ts'

export const signer = ledgerSigner({ derive: () => Buffer.alloc(32, 7) })
export const administrator = { actor: 'cli:tester', role: 'cli', version: '0.0.0', pid: 1 } as const
const gateway = { role: 'gateway', version: '0.0.0', pid: 1 } as const

/** A day of January 2026, or later. */
export const day = (number: number) => new Date(Date.UTC(2026, 0, number))

/** A store of its own that is written to, pruned and verified; everything happens on days given by their numbers. */
export class PrunedStore {
  readonly folder: string
  readonly store: Store

  /** `store` is one in the folder, opened by the caller. */
  constructor(folder: string, store: Store) {
    this.folder = folder
    this.store = store
  }

  static async make(): Promise<PrunedStore> {
    const folder = mkdtempSync(join(tmpdir(), 'prune-'))
    return new PrunedStore(folder, await openStore(`sqlite:${join(folder, 'gateway.db')}`))
  }

  remove(): void {
    if (this.store.raw.isOpen) this.store.close()
    rmSync(this.folder, { recursive: true, force: true })
  }

  path(name: string): string {
    return join(this.folder, name)
  }

  open(number: number): LedgerWriter {
    return LedgerWriter.open(this.store, gateway, day(number), signer)
  }

  /** From here on nothing tells that the writers so far are alive. */
  forgetLocks(): void {
    rmSync(this.path('gateway.db.writers'), { recursive: true, force: true })
  }

  async administer(number: number): Promise<void> {
    await changeWithEntries(this.store, administrator, day(number), async () => ({
      result: null,
      changes: [{ kind: 'admin.tenant.create', tenant: 'acme', after: {} }]
    }))
  }

  async prune(before: number, archive: string, options: Partial<PruneOptions> = {}): Promise<Pruned> {
    const common = { before: day(before), administrator, signer, now: day(60) }
    return await prune(this.store, { ...common, archive: this.path(archive), ...options })
  }

  async verify(known: Expectations = {}): Promise<Verification> {
    const { raw } = this.store
    return await verifyLedger(readStore(raw), {
      ...readWriters(raw),
      prunePoint: newestPrunePoint(raw) ?? undefined,
      ...known
    })
  }

  exportTo(name: string): string {
    writeFileSync(this.path(name), [...exportedLines(this.store.raw)].join(''))
    return name
  }

  /** Files that begin with the ledger itself. */
  async verifyFiles(...names: string[]): Promise<Verification> {
    return await verifyLedger(exportedEntries(...names.map(name => this.path(name))))
  }

  /** The positions of the first and last row that are in the table. */
  get rows(): { first: number; last: number } {
    return this.store.raw.prepare('SELECT min(id) AS first, max(id) AS last FROM ledger_batch').get() as never
  }
}

/** An intent, an outcome, or both as a call, on a day. */
export function intent(writer: LedgerWriter, call: number, number: number): void {
  append(writer, callEntry('call.intent', call, { at: day(number).toISOString() }))
}

export function outcome(writer: LedgerWriter, call: number, number: number): void {
  append(writer, callEntry('call.outcome', call, { at: day(number).toISOString() }))
}

export function call(writer: LedgerWriter, number: number, onDay: number): void {
  intent(writer, number, onDay)
  outcome(writer, number, onDay)
}

/** A call a day, from the first to the last. */
export function callsOn(writer: LedgerWriter, first: number, last: number): void {
  for (let number = first; number <= last; number++) call(writer, number, number)
}

/** Enough calls to fill a segment of the index, all on one day. */
export function fillSegment(writer: LedgerWriter, onDay: number, firstCall: number): void {
  const at = day(onDay).toISOString()
  const calls = Array.from({ length: segmentSize / 2 }, (_, index) => firstCall + index)
  const entries = calls.flatMap(number => [
    callEntry('call.intent', number, { at }),
    callEntry('call.outcome', number, { at })
  ])
  writer.append(entries.map(pendingEntry), 0)
}

function append(writer: LedgerWriter, fields: EntryFields): void {
  writer.append([pendingEntry(fields)], 0)
}
