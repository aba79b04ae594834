import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { canonicalJson } from '../../../src/ledger/entry/canonical-json.ts'
import { chainHash, genesis, type Head } from '../../../src/ledger/entry/chain.ts'
import type { EntryFields } from '../../../src/ledger/entry/entry.ts'
import { writerOpened } from '../../../src/ledger/entry/writer-opened.ts'
import { openStore, type Store } from '../../../src/store/store.ts'

/** A row of the ledger as a test sees it. */
export type Row = { entry: string; hash: string }

/** The two writers of the sample ledger. */
export const first = '019a9612-0000-7000-8000-00000000000a'
export const second = '019a9612-0000-7000-8000-00000000000b'

const facts = { role: 'gateway', version: '1.0.0', pid: 1 } as const

/** The facts of one entry of a call. */
export function callEntry(
  kind: 'call.intent' | 'call.outcome',
  call: number,
  more: Partial<EntryFields> = {}
): EntryFields {
  return {
    at: new Date(Date.UTC(2026, 10, 24, 6, 0, call)).toISOString(),
    kind,
    request_id: requestId(call),
    tenant: call % 2 === 0 ? 'acme' : 'globex',
    key_id: `key${call % 3}`,
    connector_id: '019a9612-bfad-758c-884e-37dd8c6ad2cb',
    operation: 'connector.sync',
    attempt: 1,
    client_ip: '127.0.0.1',
    request: call % 2 === 0 ? {} : { date_limit: '2026-01-01' },
    credential: 'default@1',
    ...(kind === 'call.outcome' && { status: 200, code: 'accepted', upstream_status: 200, duration_ms: 12 }),
    ...more
  }
}

export function requestId(call: number): string {
  return `019a9612-1111-7000-8000-${String(call).padStart(12, '0')}`
}

/** Builds rows of several chains in commit order. Any member goes, also one that today's writers never write. */
export class RowsBuilder {
  readonly rows: Row[] = []
  readonly #heads = new Map<string, Head>()
  #newest: Head | undefined

  open(writer: string): this {
    this.#heads.set(writer, { writer, seq: 0, hash: genesis })
    return this.add(writer, writerOpened('2026-11-24T06:00:00.000Z', facts, this.#newest))
  }

  add(writer: string, fields: EntryFields): this {
    const head = this.#heads.get(writer)
    if (!head) throw new Error(`no chain of ${writer}`)
    const seq = head.seq + 1
    const entry = canonicalJson({ ...fields, writer, seq, prev: head.hash })
    const hash = chainHash(head.hash, entry)
    this.#newest = { writer, seq, hash }
    this.#heads.set(writer, this.#newest)
    this.rows.push({ entry, hash })
    return this
  }

  call(writer: string, call: number): this {
    return this.add(writer, callEntry('call.intent', call)).add(writer, callEntry('call.outcome', call))
  }

  get heads(): Head[] {
    return [...this.#heads.values()]
  }
}

/**
 * Two writers side by side: each has entries 1 (opened), 2–7 (three calls), of which the first writer's are rows
 * 1, 2, 3, 6, 7, 10, 11 and the second's 4, 5, 8, 9, 12, 13, 14.
 */
export function sampleLedger(): RowsBuilder {
  return new RowsBuilder()
    .open(first)
    .call(first, 1)
    .open(second)
    .add(second, callEntry('call.intent', 2))
    .call(first, 3)
    .add(second, callEntry('call.outcome', 2))
    .add(second, callEntry('call.intent', 4))
    .call(first, 5)
    .add(second, callEntry('call.outcome', 4))
    .call(second, 6)
}

/** The row with some members changed and its hash recomputed, as a forger with the source code would. */
export function forged(row: Row | undefined, changes: Record<string, unknown>): Row {
  const entry: Record<string, unknown> = { ...members(row), ...changes }
  const text = canonicalJson(entry)
  return { entry: text, hash: chainHash(String(entry['prev']), text) }
}

/** The row with some members changed and its hash left as it was. */
export function edited(row: Row | undefined, changes: Record<string, unknown>): Row {
  return { entry: canonicalJson({ ...members(row), ...changes }), hash: row?.hash ?? '' }
}

export function members(row: Row | undefined): Record<string, unknown> {
  return JSON.parse(row?.entry ?? '{}') as Record<string, unknown>
}

/** A store of its own for one test; `rows` are put in as they are, past every guard of the table. */
export async function storeWith(
  rows: readonly Row[]
): Promise<{ store: Store; url: string; folder: string; remove(): void }> {
  const folder = mkdtempSync(join(tmpdir(), 'ledger-'))
  const url = `sqlite:${join(folder, 'gateway.db')}`
  const store = await openStore(url)
  for (const [type, name] of [
    ['TRIGGER', 'ledger_is_append_only_update'],
    ['TRIGGER', 'ledger_is_append_only_delete'],
    ['INDEX', 'ledger_batch_by_writer']
  ])
    store.raw.exec(`DROP ${type} ${name}`)
  const insert = store.raw.prepare(
    'INSERT INTO ledger_batch (entries, writer, first_seq, hashes, texts) VALUES (1, ?, ?, ?, ?)'
  )
  const insertWriter = store.raw.prepare(
    'INSERT OR IGNORE INTO writer (id, opened_at, open_from) VALUES (?, ?, 1)'
  )
  store.raw.exec('BEGIN')
  for (const row of rows) {
    const { writer, seq } = members(row)
    insert.run(String(writer), Number(seq), Buffer.from(row.hash, 'hex'), row.entry)
  }
  for (const writer of [first, second]) insertWriter.run(writer, '2026-11-24T06:00:00.000Z')
  store.raw.exec('COMMIT')
  return {
    store,
    url,
    folder,
    remove() {
      store.close()
      rmSync(folder, { recursive: true, force: true })
    }
  }
}
