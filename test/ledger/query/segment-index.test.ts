import { describe, expect, vi } from 'vitest'
import { canonicalJson } from '../../../src/ledger/entry/canonical-json.ts'
import type { LedgerEntry } from '../../../src/ledger/entry/entry.ts'
import { segmentSize } from '../../../src/ledger/query/postings.ts'
import { entriesOfRequest, type Search, searchLedger } from '../../../src/ledger/query/search.ts'
import { BatchWriter } from '../../../src/ledger/writer/batch-writer.ts'
import { seededRandom } from '../../../src/sandbox/seeded-random.ts'
import type { Store } from '../../../src/store/store.ts'
import { requestId } from '../../support/fixtures/sample-ledger.ts'
import { temporaryStore } from '../../support/fixtures/temporary-store.ts'
import { opened, test as plainTest } from '../../support/fixtures/test.ts'

const seed = Number(process.env['SCENARIO_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const random = seededRandom(seed, 'segment index')
const pick = <T>(...values: readonly T[]): T => values[random.integer(values.length)] as T

const startMs = Date.UTC(2026, 0, 1)
const kinds = [
  'call.intent',
  'call.outcome',
  'call.rejected',
  'admin.tenant.create',
  'admin.key.issue',
  'checkpoint'
]
const codes = ['accepted', 'upstream_failed', 'outcome_unknown', 'rate_limited']

/** An entry of any kind. Its time is near that of its neighbours, or, rarely, far off: clocks jump. */
function entryAt(position: number): Record<string, unknown> {
  const kind = pick(...kinds)
  const off = random.integer(500) === 0 ? random.integer(10_000_000) : random.integer(5_000)
  return {
    at: new Date(startMs + position * 1000 + off).toISOString(),
    kind,
    ...(kind !== 'checkpoint' && { tenant: pick('acme', 'globex', 'initech', 'a "quoted" \\ name', 'é') }),
    ...(kind.startsWith('call.') && {
      request_id: requestId(Math.floor(position / 2)),
      key_id: `key${random.integer(40)}`,
      connector_id: `019a9612-bfad-758c-884e-${String(random.integer(300)).padStart(12, '0')}`
    }),
    ...(['call.outcome', 'call.rejected'].includes(kind) && {
      code: pick(...codes),
      forwarded: pick('yes', 'unknown')
    })
  }
}

const count = 3 * segmentSize + 700
const test = plainTest.extend('filled', { scope: 'file' }, opened(temporaryStore))
let store: Store
let entries: LedgerEntry[] = []

/** Batches of any size, so that segments end in the middle of one. */
test.beforeAll(({ filled }) => {
  console.log(`segment index: SCENARIO_SEED=${seed}`)
  store = filled.store
  const table = new BatchWriter(store.raw)
  store.raw.exec('BEGIN')
  for (let position = 1; position <= count; ) {
    const size = Math.min(1 + random.integer(random.integer(10) === 0 ? 1500 : 40), count - position + 1)
    const batch = Array.from({ length: size }, (_, index) => {
      const seq = position + index
      return { ...entryAt(seq), writer: 'w', seq, prev: 'p', hash: 'ab'.repeat(32) } as unknown as LedgerEntry
    })
    const hashed = batch.map(({ hash, ...entry }) => ({ text: canonicalJson(entry), hash }))
    table.append('w', position, hashed)
    entries.push(...batch)
    position += size
  }
  store.raw.exec('COMMIT')
  entries = entries.reverse()
})

const outcomeOf = ({ kind, code, forwarded }: LedgerEntry) => {
  if (kind === 'call.rejected') return 'rejected'
  if (kind !== 'call.outcome') return undefined
  if (code === 'accepted') return 'accepted'
  return code === 'outcome_unknown' || forwarded === 'unknown' ? 'unknown' : 'failed'
}

/** What a search means, said without any index. */
function fits(entry: LedgerEntry, search: Search): boolean {
  const { tenant, keyId, connectorId, kind, code, outcome, requestId: id, since, until } = search
  const kindFits = kind?.endsWith('*') ? entry.kind.startsWith(kind.slice(0, -1)) : entry.kind === kind
  return (
    (tenant === undefined || entry.tenant === tenant) &&
    (keyId === undefined || entry.key_id === keyId) &&
    (connectorId === undefined || entry.connector_id === connectorId) &&
    (kind === undefined || kindFits) &&
    (code === undefined || entry.code === code) &&
    (outcome === undefined || outcomeOf(entry) === outcome) &&
    (id === undefined || entry.request_id === id) &&
    (since === undefined || entry.at >= since.toISOString()) &&
    (until === undefined || entry.at < until.toISOString())
  )
}

function anySearch(): Search {
  const some = entries[random.integer(count)] as LedgerEntry
  const one = <T>(value: T): T | undefined => (random.integer(3) === 0 ? value : undefined)
  const since = one(new Date(startMs + random.integer(count) * 1000))
  const wanted: Record<string, unknown> = {
    tenant: one(some.tenant),
    keyId: one(some.key_id),
    connectorId: one(some.connector_id),
    kind: one(
      pick(
        some.kind,
        'call.*',
        'admin.*',
        'admin.tenant.*',
        'call.o*',
        'a*',
        'c*',
        'admin.k*',
        'zz*',
        '*',
        'none'
      )
    ),
    code: one(pick(some.code, 'no_such_code')),
    outcome: one(pick('accepted', 'failed', 'unknown', 'rejected')),
    requestId: one(random.integer(5) === 0 ? some.request_id : undefined),
    since,
    until: one(new Date((since?.getTime() ?? startMs) + random.integer(count) * 500))
  }
  return Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined)) as Search
}

const seqs = (found: readonly LedgerEntry[]) => found.map(entry => entry.seq)

describe(`searches over full and unfull segments (seed ${seed})`, () => {
  test('find exactly the entries that fit, newest first', () => {
    for (let trial = 0; trial < 150; trial++) {
      const search = anySearch()
      const wanted = seqs(entries.filter(entry => fits(entry, search)))
      const found = seqs(searchLedger(store.raw, search, { limit: count }).items)
      expect(found, JSON.stringify(search)).toEqual(wanted)
    }
  })

  test('give each entry once over all pages, whatever their size', () => {
    for (let trial = 0; trial < 12; trial++) {
      const search = anySearch()
      const limit = 50 + random.integer(400)
      const pages: number[] = []
      let cursor: string | null = null
      do {
        const page = searchLedger(store.raw, search, { limit, ...(cursor !== null && { cursor }) })
        pages.push(...seqs(page.items))
        cursor = page.next
      } while (cursor !== null)
      expect(pages, JSON.stringify(search)).toEqual(seqs(entries.filter(entry => fits(entry, search))))
    }
  })

  test('tell the story of any request, oldest first', () => {
    for (let trial = 0; trial < 50; trial++) {
      const id = requestId(random.integer(count / 2))
      const wanted = seqs(entries.filter(entry => entry.request_id === id)).reverse()
      expect(seqs(entriesOfRequest(store.raw, id))).toEqual(wanted)
    }
  })
})

// Of ten million entries each would be read, while callers wait for their histories behind it.
test.each(['zz*', 'call.zz*', 'admin.tenant.zz*'])(
  'no full segment is read for kinds that none begins with: %s',
  kind => {
    const prepared = vi.spyOn(store.raw, 'prepare')
    expect(searchLedger(store.raw, { kind }, { limit: 1 }).items).toEqual([])
    const reads = prepared.mock.calls.filter(([sql]) => sql.includes('FROM ledger_batch'))
    prepared.mockRestore()
    // That of the newest entries, which are in no full segment yet.
    expect(reads).toHaveLength(1)
  }
)

test('a value that only looks like a member is not taken for one', () => {
  expect(searchLedger(store.raw, { tenant: 'acme","kind":"x' }, { limit: 1 }).items).toEqual([])
})
