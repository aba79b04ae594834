import { uuidv7 } from '../../src/base/uuid.ts'
import { Chain, type HashedEntry } from '../../src/ledger/entry/chain.ts'
import type { CallFields, EntryFields, OutcomeCode, OutcomeFields } from '../../src/ledger/entry/entry.ts'
import { pendingCall, pendingEntry } from '../../src/ledger/entry/pending-entry.ts'
import { writerOpened } from '../../src/ledger/entry/writer-opened.ts'
import { newestHead } from '../../src/ledger/query/chain-heads.ts'
import { BatchWriter } from '../../src/ledger/writer/batch-writer.ts'
import { openStoreFile } from '../../src/store/sqlite/store-file.ts'

/** What a store was filled with, for those who search it. */
export type Filled = {
  readonly entries: number
  readonly tenants: readonly string[]
  readonly connectors: readonly string[]
  readonly keys: readonly string[]
  /** Some request in the middle. */
  readonly requestId: string
  readonly firstAt: Date
  readonly lastAt: Date
}

const tenantCount = 300
const connectorsEach = 5
const keysEach = 2
const days = 90
/** A gateway is restarted about so often. */
const entriesPerWriter = 1_000_000
const rowsPerTransaction = 2_000

/** How calls end, and how many of a hundred thousand end so. */
const ends: readonly (readonly [OutcomeCode, number, status: number, per100k: number])[] = [
  ['request_refused', 400, 400, 2_000],
  ['upstream_failed', 502, 500, 700],
  ['upstream_busy', 503, 429, 200],
  ['upstream_timeout', 504, 0, 80],
  ['outcome_unknown', 0, 0, 20]
]

/** Fills a store with calls of the last 90 days, by the program's own chain and table; nothing is synced meanwhile. */
export async function fillLedger(
  url: string,
  entries: number,
  onProgress: (done: number) => void
): Promise<Filled> {
  const store = await openStoreFile(url)
  store.raw.exec('PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 20000')
  const table = new BatchWriter(store.raw)
  const random = numbers(42)
  const lastMs = Date.now()
  const firstMs = lastMs - days * 86_400_000
  const msPerEntry = (lastMs - firstMs) / entries
  const tenants = Array.from({ length: tenantCount }, (_, index) => `team-${index}`)
  const ids = Array.from({ length: tenantCount * connectorsEach }, () => uuidv7(firstMs))
  const keys = Array.from(
    { length: tenantCount * keysEach },
    (_, index) => `key${String(index).padStart(13, 'a')}`
  )
  let [done, requestId] = [0, '']

  function writer(role: 'gateway' | 'cli', at: string): { chain: Chain; sealed: HashedEntry[] } {
    const chain = Chain.start(uuidv7(Date.parse(at)))
    const insert = 'INSERT INTO writer (id, opened_at, closed_at, open_from) VALUES (?, ?, ?, 2)'
    store.raw.prepare(insert).run(chain.head.writer, at, at)
    const facts = { role, version: '0.0.0', pid: 1 }
    return { chain, sealed: [chain.append(pendingEntry(writerOpened(at, facts, newestHead(store.raw))))] }
  }
  function append(chain: Chain, sealed: readonly HashedEntry[]): void {
    table.append(chain.head.writer, chain.head.seq + 1, sealed)
    chain.advance()
    done += sealed.length
  }
  function callAt(ms: number): CallFields {
    const tenant = Math.floor(tenantCount * random() ** 3)
    const connector = tenant * connectorsEach + Math.floor(random() * connectorsEach)
    return {
      request_id: uuidv7(ms),
      tenant: tenants[tenant] ?? '',
      key_id: keys[tenant * keysEach + Math.floor(random() * keysEach)] ?? '',
      connector_id: ids[connector] ?? '',
      operation: 'connector.sync',
      attempt: 1,
      client_ip: `10.0.${tenant >> 8}.${tenant & 255}`,
      request: { date_limit: '2026-01-01' },
      credential: 'default@1'
    }
  }

  store.raw.exec('BEGIN')
  let gateway: ReturnType<typeof writer> | null = null
  let open: CallFields[] = []
  for (let row = 0; done < entries; row++) {
    const ms = firstMs + done * msPerEntry
    const at = new Date(ms).toISOString()
    if (!gateway) {
      gateway = writer('gateway', at)
      append(gateway.chain, gateway.sealed)
    }
    const { chain } = gateway
    const begun = Array.from({ length: 1 + Math.floor(random() * 30) }, () => callAt(ms))
    const fields: EntryFields[] = random() < 0.01 ? [rejection(at, begun[0] as CallFields)] : []
    const drafts = [
      ...open.map(call => pendingCall(at, call, outcomeOf(random()))),
      ...begun.map(call => pendingCall(at, call, undefined)),
      ...fields.map(pendingEntry)
    ]
    append(
      chain,
      drafts.map(draft => chain.append(draft))
    )
    open = begun
    requestId = done < entries / 2 ? (begun[0]?.request_id ?? '') : requestId
    if (row % 5_000 === 4_999) {
      const command = writer('cli', at)
      const change = {
        at,
        kind: 'admin.grant.add',
        actor: 'cli:bench',
        tenant: tenants[row % tenantCount]
      } as const
      append(command.chain, [...command.sealed, command.chain.append(pendingEntry(change))])
    }
    if (chain.head.seq > entriesPerWriter || done >= entries) {
      const last = [
        ...open.map(call => pendingCall(at, call, outcomeOf(random()))),
        pendingEntry({ at, kind: 'writer.closed' })
      ]
      append(
        chain,
        last.map(draft => chain.append(draft))
      )
      ;[gateway, open] = [null, []]
    }
    if (row % rowsPerTransaction === 0) {
      store.raw.exec('COMMIT; BEGIN')
      onProgress(done)
    }
  }
  store.raw.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE)')
  store.close()
  return {
    entries: done,
    tenants,
    connectors: ids,
    keys,
    requestId,
    firstAt: new Date(firstMs),
    lastAt: new Date(lastMs)
  }
}

function outcomeOf(chance: number): OutcomeFields {
  let left = chance * 100_000
  for (const [code, status, upstream, share] of ends) {
    left -= share
    if (left < 0) return { ...accepted, code, status, upstream_status: upstream || undefined }
  }
  return accepted
}

const accepted: OutcomeFields = {
  code: 'accepted',
  status: 200,
  forwarded: 'yes',
  upstream_status: 200,
  upstream_request_id: '019a9612-bfad-758c-884e-37dd8c6ad2cb',
  duration_ms: 41
}

function rejection(at: string, { request_id, tenant, key_id, connector_id }: CallFields): EntryFields {
  const about = { tenant, key_id, connector_id, operation: 'connector.sync', client_ip: '10.0.0.1' }
  return { at, kind: 'call.rejected', request_id, code: 'rate_limited', status: 429, ...about }
}

/** The same numbers from 0 to 1 for the same seed (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
