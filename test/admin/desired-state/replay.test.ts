import { describe, expect, test } from 'vitest'
import { type NewlyRefused, replayCalls } from '../../../src/admin/desired-state/replay.ts'
import type { RecordedCall } from '../../../src/ledger/query/recorded-calls.ts'
import { newTenant, type TenantState } from '../../../src/tenants/tenant-state.ts'

const id = '019a9612-bfad-758c-884e-37dd8c6ad2cb'
const startUs = Date.UTC(2026, 10, 24, 6) * 1000

/** A call at a second, as the ledger tells of most: with all that is known of a call. */
function call(second: number, more: Partial<RecordedCall> = {}): RecordedCall {
  return {
    atUs: startUs + second * 1_000_000,
    tenant: 'acme',
    keyId: 'key1',
    connectorId: id,
    clientIp: '10.0.0.1',
    operation: 'connector.sync',
    isFaulty: false,
    ...more
  }
}

/** One of many that an entry stands for. */
const many = { keyId: undefined, connectorId: undefined, clientIp: undefined, operation: undefined }

function calls(count: number, everySeconds: number, more: Partial<RecordedCall> = {}): RecordedCall[] {
  return Array.from({ length: count }, (_, index) => call(index * everySeconds, more))
}

const open: TenantState = { ...newTenant('acme'), connectors: ['*'] }

function replay(
  recorded: readonly RecordedCall[],
  before: Partial<TenantState>,
  after: Partial<TenantState> | null
) {
  const current = new Map([['acme', { ...open, ...before }]])
  const coming = new Map(after ? [['acme', { ...open, ...after }]] : [])
  return replayCalls(recorded, current, coming)
}

type Case = [
  what: string,
  recorded: readonly RecordedCall[],
  before: Partial<TenantState>,
  after: Partial<TenantState> | null,
  refused: readonly [code: string, calls: number][]
]

describe('a call is newly refused for', () => {
  const cases: Case[] = [
    ['a tenant that is disabled', calls(3, 1), {}, { disabled: true }, [['credentials_invalid', 3]]],
    ['a tenant that is not there', calls(3, 1), {}, null, [['credentials_invalid', 3]]],
    ['its address', calls(3, 1), {}, { addresses: ['192.0.2.0/24'] }, [['credentials_invalid', 3]]],
    ['an operation taken away', calls(3, 1), {}, { operations: ['read'] }, [['permission_denied', 3]]],
    ['a grant taken back', calls(3, 1), {}, { connectors: [] }, [['connector_not_found', 3]]],
    // 12 at once: the burst of now lets 10 in, that of then 4.
    ['a burst that is less', calls(12, 0), {}, { burst: 4 }, [['rate_limited', 6]]],
    // One a second for a minute: at 30 a minute one in two is due, and 10 come on top.
    ['a rate that is less', calls(60, 1), {}, { rate_per_minute: 30 }, [['rate_limited', 21]]],
    [
      'a limit, also those of which an entry tells only how many',
      calls(10, 0, many),
      {},
      { burst: 4 },
      [['rate_limited', 6]]
    ],
    [
      'the first reason in the order of a request, past the limit for that',
      calls(12, 0),
      {},
      { burst: 4, operations: [], connectors: [] },
      [
        ['permission_denied', 4],
        ['rate_limited', 6]
      ]
    ],
    [
      'what others of the tenant use up of the limit, with faults of their own',
      [...calls(3, 0, { isFaulty: true }), ...calls(2, 0)],
      {},
      { burst: 4 },
      [['rate_limited', 1]]
    ]
  ]
  test.each(cases)('%s', (_, recorded, before, after, refused) => {
    const found = replay(recorded, before, after)
    expect(found.refused.map(({ code, calls: count }) => [code, count])).toEqual(refused)
  })
})

describe('a call is not newly refused that', () => {
  const cases: Case[] = [
    ['is admitted under both', calls(3, 1), {}, { burst: 3 }, []],
    ['was refused before, for the same reason', calls(3, 1), { disabled: true }, { disabled: true }, []],
    ['was refused before, for another', calls(3, 1), { disabled: true }, { connectors: [] }, []],
    ['is admitted from now on', calls(20, 0), { burst: 4 }, { burst: 20 }, []],
    ['has faults of its own', calls(20, 0, { isFaulty: true }), {}, { burst: 1, connectors: [] }, []],
    ['may come from there', calls(3, 1), {}, { addresses: ['10.0.0.0/8'] }, []],
    ['asks for a connector that is granted', calls(3, 1), {}, { connectors: [id] }, []],
    ['is known by its number alone', calls(3, 1, many), {}, { connectors: [], addresses: ['192.0.2.1'] }, []]
  ]
  test.each(cases)('%s', (_, recorded, before, after) => {
    expect(replay(recorded, before, after).refused).toEqual([])
  })
})

test('neither a refused call nor one of a disabled tenant is charged', () => {
  // Of 20 at once one is let in, and a second later the next.
  const recorded = [...calls(20, 0), call(1)]
  const found = replay(recorded, { burst: 21 }, { burst: 1 })
  expect(found.refused).toMatchObject([
    { code: 'rate_limited', calls: 19, last_at: '2026-11-24T06:00:00.000Z' }
  ])
})

test('a group has the number of calls, their first and last time, the number of keys, and five connectors', () => {
  const connector = (index: number) => id.replace('019a9612', `0000000${index}`)
  const recorded = Array.from({ length: 8 }, (_, index) =>
    call(index * 2, { connectorId: connector(index), keyId: `key${index % 3}` })
  )
  const other = call(3, { tenant: 'beta' })
  const sorted = [...recorded, other].sort((one, another) => one.atUs - another.atUs)
  const before = new Map([
    ['acme', open],
    ['beta', { ...open, name: 'beta' }]
  ])
  const after = new Map([
    ['acme', { ...open, connectors: [] }],
    ['beta', { ...open, name: 'beta', disabled: true }]
  ])
  expect(replayCalls(sorted, before, after)).toEqual({
    calls: 9,
    first_at: '2026-11-24T06:00:00.000Z',
    refused: [
      {
        tenant: 'acme',
        code: 'connector_not_found',
        calls: 8,
        first_at: '2026-11-24T06:00:00.000Z',
        last_at: '2026-11-24T06:00:14.000Z',
        keys: 3,
        connector_ids: [0, 1, 2, 3, 4].map(connector)
      },
      {
        tenant: 'beta',
        code: 'credentials_invalid',
        calls: 1,
        first_at: '2026-11-24T06:00:03.000Z',
        last_at: '2026-11-24T06:00:03.000Z',
        keys: 1,
        connector_ids: []
      }
    ] satisfies NewlyRefused[]
  })
})

test('a replay without calls is empty', () => {
  expect(replayCalls([], new Map(), new Map())).toEqual({ calls: 0, first_at: null, refused: [] })
})
