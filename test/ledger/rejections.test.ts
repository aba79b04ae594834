import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { EntryFields } from '../../src/ledger/entry.ts'
import { Rejections } from '../../src/ledger/rejections.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function rejection(more: Partial<EntryFields> = {}): EntryFields {
  return {
    at: new Date().toISOString(),
    kind: 'call.rejected',
    request_id: 'a request',
    code: 'credentials_invalid',
    status: 401,
    client_ip: '192.0.2.1',
    ...more
  }
}

/** How many rejections entries stand for. */
function counted(written: readonly EntryFields[]): number {
  return written.reduce((sum, { count }) => sum + (typeof count === 'number' ? count : 1), 0)
}

function recorded(work: (rejections: Rejections) => void): EntryFields[] {
  const written: EntryFields[] = []
  const rejections = new Rejections(fields => written.push(fields))
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

test('past the rate one entry tells how many there were, and the first and the last time', () => {
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

test.each<[string, (index: number) => Partial<EntryFields>]>([
  ['one address', () => ({})],
  ['made-up addresses', index => ({ client_ip: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}` })],
  ['many tenants and codes', index => ({ tenant: `t${index % 500}`, code: codes[index % codes.length] })]
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

test('an interval ends by itself, and the next one writes one by one again', () => {
  const written: EntryFields[] = []
  const rejections = new Rejections(fields => written.push(fields))
  for (let count = 0; count < 12; count++) rejections.note(rejection())
  expect(written).toHaveLength(10)
  vi.advanceTimersByTime(10_000)
  expect(written.at(-1)).toMatchObject({ count: 2 })
  rejections.note(rejection({ request_id: 'the next' }))
  expect(written.at(-1)).toMatchObject({ request_id: 'the next' })
  rejections.close()
  expect(counted(written)).toBe(13)
})

test('while the store is not well none is written, however long, and all are counted once it is', () => {
  let isWell = true
  const written: EntryFields[] = []
  const rejections = new Rejections(
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
