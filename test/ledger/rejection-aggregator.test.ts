import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { EntryFields, RejectionFields } from '../../src/ledger/entry/entry.ts'
import { RejectionAggregator } from '../../src/ledger/rejection-aggregator.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function rejection(more: Partial<RejectionFields> = {}): RejectionFields {
  return {
    request_id: 'a request',
    code: 'credentials_invalid',
    status: 401,
    client_ip: '192.0.2.1',
    operation: 'connector.sync',
    tenant: undefined,
    key_id: undefined,
    connector_id: undefined,
    ...more
  }
}

/** How many rejections entries stand for. */
function counted(written: readonly EntryFields[]): number {
  return written.reduce((sum, { count }) => sum + (typeof count === 'number' ? count : 1), 0)
}

function recorded(work: (rejections: RejectionAggregator) => void): EntryFields[] {
  const written: EntryFields[] = []
  const rejections = new RejectionAggregator(fields => written.push(fields))
  work(rejections)
  rejections.close()
  return written
}

test('a few rejections are written one by one, as they come', () => {
  const written = recorded(rejections => {
    for (let count = 0; count < 5; count++) rejections.note(rejection({ request_id: `r${count}` }))
  })
  expect(written.map(({ request_id }) => request_id)).toEqual(['r0', 'r1', 'r2', 'r3', 'r4'])
})

test('refusals by one limit are not counted with those by another', () => {
  const written = recorded(rejections => {
    for (let count = 0; count < 15; count++) {
      rejections.note(rejection({ code: 'upstream_busy', tenant: 'acme', limit: 'credential_budget' }))
      rejections.note(rejection({ code: 'upstream_busy', tenant: 'acme', limit: 'egress_budget' }))
    }
  })
  expect(counted(written)).toBe(30)
  expect(written.filter(({ count }) => count !== undefined)).toMatchObject([
    { code: 'upstream_busy', tenant: 'acme', limit: 'credential_budget', count: 5 },
    { code: 'upstream_busy', tenant: 'acme', limit: 'egress_budget', count: 5 }
  ])
})

test('past the rate one entry holds how many there were, and the first and the last time', () => {
  vi.setSystemTime('2026-01-01T00:00:00.000Z')
  const written = recorded(rejections => {
    for (let count = 0; count < 25; count++) {
      rejections.note(rejection())
      vi.advanceTimersByTime(10)
    }
  })
  expect(written).toHaveLength(11)
  expect(written.at(-1)).toEqual({
    at: '2026-01-01T00:00:00.250Z',
    kind: 'call.rejected',
    code: 'credentials_invalid',
    status: 401,
    client_ip: '192.0.2.1',
    count: 15,
    first_at: '2026-01-01T00:00:00.100Z',
    last_at: '2026-01-01T00:00:00.240Z'
  })
})

test('one that floods does not hide the rejections of others', () => {
  const written = recorded(rejections => {
    for (let count = 0; count < 1000; count++) rejections.note(rejection({ tenant: 'loud' }))
    rejections.note(rejection({ tenant: 'quiet', request_id: 'the quiet one' }))
  })
  expect(written.filter(({ request_id }) => request_id === 'the quiet one')).toHaveLength(1)
  expect(counted(written)).toBe(1001)
})

test.each<[string, (index: number) => Partial<RejectionFields>]>([
  ['one address', () => ({})],
  ['made-up addresses', index => ({ client_ip: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}` })],
  [
    'many tenants and codes',
    index => ({ tenant: `t${index % 500}`, code: codes[index % codes.length] ?? 'rate_limited' })
  ]
] as const)(
  'a flood of 100,000 from %s adds a few hundred entries, and every one is counted',
  (_from, more) => {
    const written = recorded(rejections => {
      for (let index = 0; index < 100_000; index++) rejections.note(rejection(more(index)))
    })
    expect(written.length).toBeLessThan(500)
    expect(counted(written)).toBe(100_000)
  }
)

const codes = ['credentials_invalid', 'rate_limited', 'request_invalid', 'connector_not_found'] as const

test('counts hold how many there were in each second from the first, and add up', () => {
  vi.setSystemTime('2026-01-01T00:00:00.900Z')
  const written = recorded(rejections => {
    for (let count = 0; count < 10; count++) rejections.note(rejection())
    for (const [more, waitMs] of [
      [3, 100],
      [2, 2_000],
      [4, 0]
    ] as const) {
      for (let count = 0; count < more; count++) rejections.note(rejection())
      vi.advanceTimersByTime(waitMs)
    }
  })
  expect(written.at(-1)).toMatchObject({
    count: 9,
    first_at: '2026-01-01T00:00:00.900Z',
    last_at: '2026-01-01T00:00:03.000Z',
    per_second: [3, 2, 0, 4]
  })
})

test('counts by the second have a bound: an interval of minutes holds the sum alone', () => {
  let isWell = false
  const written: EntryFields[] = []
  const rejections = new RejectionAggregator(
    fields => written.push(fields),
    () => isWell
  )
  for (let count = 0; count < 70; count++) {
    rejections.note(rejection())
    vi.advanceTimersByTime(1_000)
  }
  isWell = true
  rejections.close()
  expect(written).toEqual([expect.objectContaining({ count: 70 })])
  expect(written[0]).not.toHaveProperty('per_second')
})

test('a clock that is set back loses no rejection', () => {
  vi.setSystemTime('2026-01-01T00:00:10.000Z')
  const written = recorded(rejections => {
    for (let count = 0; count < 12; count++) rejections.note(rejection())
    vi.setSystemTime('2026-01-01T00:00:05.000Z')
    rejections.note(rejection())
    vi.setSystemTime('2026-01-01T00:00:11.000Z')
    rejections.note(rejection())
  })
  expect(written.at(-1)).toMatchObject({ count: 4, per_second: [3, 1] })
})

describe('reasons, keys and strangers are counted apart:', () => {
  const revoked = { reason: 'revoked', tenant: 'acme', key_id: 'a key' }
  const address = (index: number) => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`
  const aggregates = (written: readonly EntryFields[]) => written.filter(entry => 'count' in entry)

  test('a flood for one reason is not one for another', () => {
    const written = recorded(rejections => {
      for (let count = 0; count < 20; count++)
        for (const reason of ['unknown', 'missing']) rejections.note(rejection({ reason }))
    })
    expect(aggregates(written)).toEqual([
      expect.objectContaining({ count: 10, reason: 'unknown', client_ip: '192.0.2.1' }),
      expect.objectContaining({ count: 10, reason: 'missing', client_ip: '192.0.2.1' })
    ])
  })

  test('a flood with a revoked key is counted with the tenant, the key and the address', () => {
    const written = recorded(rejections => {
      for (let count = 0; count < 20; count++) rejections.note(rejection(revoked))
    })
    expect(aggregates(written)).toEqual([
      expect.objectContaining({ count: 10, ...revoked, client_ip: '192.0.2.1' })
    ])
  })

  test('strangers from 100,000 addresses hide neither what a tenant did nor what was done with its keys', () => {
    const own = { tenant: 'acme', key_id: 'its key', code: 'rate_limited', status: 429 } as const
    const written = recorded(rejections => {
      for (let index = 0; index < 100_000; index++)
        rejections.note(rejection({ reason: 'unknown', client_ip: address(index) }))
      rejections.note(rejection({ ...own, request_id: 'its own' }))
      rejections.note(rejection({ ...revoked, request_id: 'by its key' }))
    })
    expect(written).toContainEqual(expect.objectContaining({ ...own, request_id: 'its own' }))
    expect(written).toContainEqual(expect.objectContaining({ ...revoked, request_id: 'by its key' }))
    expect(written.length).toBeLessThan(250)
    expect(counted(written)).toBe(100_002)
  })

  test('a holder of revoked keys of one tenant, everywhere, hides neither its calls nor keys of others', () => {
    const written = recorded(rejections => {
      for (let index = 0; index < 100_000; index++) {
        const key_id = `key ${index % 20}`
        rejections.note(rejection({ ...revoked, key_id, client_ip: address(index) }))
      }
      for (let count = 0; count < 20; count++)
        rejections.note(rejection({ ...revoked, tenant: 'other', client_ip: '192.0.2.7' }))
      rejections.note(rejection({ tenant: 'acme', code: 'rate_limited', request_id: 'its own' }))
    })
    expect(written).toContainEqual(expect.objectContaining({ request_id: 'its own' }))
    expect(aggregates(written)).toContainEqual(
      expect.objectContaining({ tenant: 'other', reason: 'revoked', client_ip: '192.0.2.7' })
    )
    for (const aggregate of aggregates(written)) expect(aggregate).toHaveProperty('tenant')
    expect(written.length).toBeLessThan(250)
    expect(counted(written)).toBe(100_021)
  })
})

test('a tenant that is refused for everything leaves room for entries of the others, by its keys as by its calls', () => {
  const reasons = ['revoked', undefined]
  const written = recorded(rejections => {
    for (const reason of reasons) {
      for (let index = 0; index < 1000; index++) {
        const own = {
          key_id: `key ${index % 10}`,
          limit: `limit ${index % 10}`,
          client_ip: `192.0.2.${index % 10}`
        }
        rejections.note(rejection({ tenant: 'acme', reason, ...own }))
      }
      rejections.note(rejection({ tenant: 'other', reason, request_id: `of another, ${reason}` }))
    }
  })
  for (const reason of reasons)
    expect(written).toContainEqual(expect.objectContaining({ request_id: `of another, ${reason}` }))
  expect(counted(written)).toBe(2002)
})

test('an interval ends by itself, and the next one writes one by one again', () => {
  const written: EntryFields[] = []
  const rejections = new RejectionAggregator(fields => written.push(fields))
  for (let count = 0; count < 12; count++) rejections.note(rejection())
  expect(written).toHaveLength(10)
  vi.advanceTimersByTime(10_000)
  expect(written.at(-1)).toMatchObject({ count: 2 })
  rejections.note(rejection({ request_id: 'the next' }))
  expect(written.at(-1)).toMatchObject({ request_id: 'the next' })
  rejections.close()
  expect(counted(written)).toBe(13)
})

test('while the store fails none is written, however long, and all are counted once it works', () => {
  let isWell = true
  const written: EntryFields[] = []
  const rejections = new RejectionAggregator(
    fields => written.push(fields),
    () => isWell
  )
  rejections.note(rejection())
  isWell = false
  for (let count = 0; count < 5000; count++) {
    rejections.note(rejection({ client_ip: `192.0.2.${count % 250}` }))
    vi.advanceTimersByTime(50)
  }
  expect(written).toHaveLength(1)
  isWell = true
  vi.advanceTimersByTime(10_000)
  expect(counted(written)).toBe(5001)
  expect(written.length).toBeLessThan(110)
})
