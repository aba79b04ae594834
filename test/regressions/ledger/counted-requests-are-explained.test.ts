import { describe, expect } from 'vitest'
import { runQuery } from '../../../src/admin/queries.ts'
import { uuidv7 } from '../../../src/base/uuid.ts'
import type { EntryFields } from '../../../src/ledger/entry/entry.ts'
import { runHere } from '../../support/cli/command-here.ts'
import { test } from '../../support/fixtures/ledger-test.ts'
import { first, RowsBuilder, type storeWith } from '../../support/fixtures/sample-ledger.ts'
import { askAdmin, issueAdminKeys } from '../../support/http/admin-client.ts'
import { expectProblem } from '../../support/http/expect-problem.ts'
import { rawRequest } from '../../support/http/raw-connection.ts'
import { syncBytes } from '../../support/http/request-bytes.ts'

let openWith: typeof storeWith
test.beforeEach(({ storeWith }) => {
  openWith = storeWith
})

const second = (seconds: number, ms = 0) => new Date(Date.UTC(2026, 10, 24, 6, 1, seconds, ms)).toISOString()

/** An id of a request that came at a time of its own, as the gateway gives them. */
function requestAt(at: string): string {
  const time = Date.parse(at).toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}${uuidv7().slice(13)}`
}

function counted(more: Partial<EntryFields>): EntryFields {
  return {
    kind: 'call.rejected',
    at: second(10),
    code: 'credentials_invalid',
    status: 401,
    count: 1,
    first_at: second(0),
    last_at: second(9),
    ...more
  }
}

/** Asks a ledger of these entries for a request: as a command, in words and in JSON, and as administrators do over HTTP. */
async function asked(requestId: string, entries: readonly EntryFields[], pruned = 0) {
  const rows = new RowsBuilder().open(first)
  for (const entry of entries) rows.add(first, entry)
  const { store, url, folder } = await openWith(rows.rows)
  if (pruned > 0) store.raw.prepare('INSERT INTO ledger_cut (position) VALUES (?)').run(pruned)
  const where = { env: { GATEWAY_STORE_URL: url }, folder }
  const words = await runHere(['ledger', 'show', requestId], where)
  const json = await runHere(['ledger', 'show', requestId, '--json'], where)
  const message = await runQuery({ raw: store.raw } as never, {
    name: 'showRequest',
    input: { request_id: requestId }
  })
    .then(() => null)
    .catch((error: Error) => error.message)
  expect([words.code, words.stdout, json.code, json.stdout]).toEqual([1, '', 1, ''])
  const body = JSON.parse(json.stderr) as Record<string, unknown>
  expect(body).toMatchObject({ type: '/problems/request_not_found', status: 404, code: 'request_not_found' })
  expect(words.stderr).toBe(`connector-gateway: ${body['detail']}\n`)
  expect(message).toBe(body['detail'])
  return body
}

describe('of a request that has no entry of its own', () => {
  test('show says whose limit refused those that were counted then', async () => {
    const busy = {
      code: 'upstream_busy',
      status: 503,
      tenant: 'acme',
      first_at: second(3),
      last_at: second(3)
    } as const
    const body = await asked(requestAt(second(3)), [
      counted({ ...busy, count: 4, limit: 'credential_budget' }),
      counted({ ...busy, count: 2, limit: 'upstream' })
    ])
    expect(body['counted']).toMatchObject([
      { count: 4, code: 'upstream_busy', limit: 'credential_budget' },
      { count: 2, code: 'upstream_busy', limit: 'upstream' }
    ])
    expect(body['detail']).toContain('4 upstream_busy (credential_budget) of tenant acme')
  })

  test('show says when it came, what was counted in that second, and that the log has it', async () => {
    const body = await asked(requestAt(second(3, 250)), [
      counted({
        count: 12,
        first_at: second(1, 900),
        last_at: second(4, 100),
        per_second: [2, 3, 6, 1],
        reason: 'revoked',
        tenant: 'acme',
        key_id: 'abcdefghijklmnop',
        client_ip: '192.0.2.1'
      }),
      counted({
        count: 4,
        first_at: second(3),
        last_at: second(3, 900),
        client_ip: '192.0.2.2',
        reason: 'unknown'
      }),
      counted({ count: 9, first_at: second(7), last_at: second(8), per_second: [5, 4] }),
      counted({ at: second(3), count: undefined, request_id: requestAt(second(3)), client_ip: '192.0.2.3' })
    ])
    expect(body['arrived_at']).toBe('2026-11-24T06:01:03.250Z')
    // A refusal is counted when it is made: that can be in the second after the one of the arrival.
    const covered = { from: '2026-11-24T06:01:03.000Z', until: '2026-11-24T06:01:05.000Z' }
    const refused = { code: 'credentials_invalid', status: 401, ...covered }
    expect(body['counted']).toEqual([
      {
        count: 7,
        reason: 'revoked',
        tenant: 'acme',
        key_id: 'abcdefghijklmnop',
        client_ip: '192.0.2.1',
        ...refused
      },
      { count: 4, reason: 'unknown', client_ip: '192.0.2.2', ...refused }
    ])
    for (const part of [
      'the ledger knows no such request',
      '2026-11-24T06:01:03.250Z',
      '11 ',
      '7 credentials_invalid (revoked) of tenant acme, key abcdefghijklmnop, from 192.0.2.1',
      '4 credentials_invalid (unknown) from 192.0.2.2',
      'the log'
    ])
      expect(body['detail']).toContain(part)
  })

  test('counts of several gateways, and of two intervals, are added up', async () => {
    const own = { code: 'rate_limited', status: 429, tenant: 'acme' } as const
    const body = await asked(requestAt(second(10, 999)), [
      counted({ ...own, count: 5, first_at: second(9), last_at: second(10), per_second: [2, 3] }),
      counted({ ...own, at: second(21), count: 2, first_at: second(11), last_at: second(11) }),
      counted({ ...own, at: second(21), count: 1, first_at: second(12), last_at: second(12) })
    ])
    expect(body['counted']).toMatchObject([{ count: 5, code: 'rate_limited', tenant: 'acme' }])
    expect(body['detail']).toContain('5 rate_limited of tenant acme')
  })

  test('entries without counts by the second, as of earlier versions, are shown with their first and last time', async () => {
    const body = await asked(requestAt(second(3)), [counted({ count: 40, client_ip: '192.0.2.1' })])
    expect(body['counted']).toEqual([
      {
        count: 40,
        code: 'credentials_invalid',
        status: 401,
        client_ip: '192.0.2.1',
        from: second(0),
        until: second(9)
      }
    ])
    expect(body['detail']).toContain(
      `40 credentials_invalid from 192.0.2.1 between ${second(0)} and ${second(9)}`
    )
  })

  test('where many were counted the detail names some, and the members most', async () => {
    const many = Array.from({ length: 90 }, (_, n) =>
      counted({ count: n + 1, first_at: second(3), last_at: second(3), client_ip: `192.0.2.${n}` })
    )
    const body = await asked(requestAt(second(3)), many)
    expect(body['counted']).toHaveLength(20)
    expect(body['detail']).toContain(`${(90 * 91) / 2} `)
    expect(body['detail']).toMatch(/90 credentials_invalid from 192\.0\.2\.89, .* and 87 more kinds/)
    expect(String(body['detail']).length).toBeLessThan(700)
  })

  test('where nothing was counted in that second it says what that can mean', async () => {
    const body = await asked(requestAt(second(5)), [
      counted({ count: 9, first_at: second(7), last_at: second(8), per_second: [5, 4] })
    ])
    expect(body['counted']).toEqual([])
    expect(body['detail']).toMatch(/2026-11-24T06:01:05\.000Z.*every 10 s.*killed.*the log/)
  })

  test('counts that are not written yet are announced', async () => {
    const rows = [{ kind: 'admin.x', at: new Date(Date.now() - 60_000).toISOString() } as const]
    const body = await asked(uuidv7(), rows)
    expect(body['detail']).toMatch(/counts are written every 10 s.*again/)
  })

  test('a pruned one is explained as such, unless the entry that counted it was kept', async () => {
    const entries = [
      counted({ at: second(1), count: 3, first_at: second(0), last_at: second(1) }),
      counted({ count: 40 })
    ]
    const gone = await asked(requestAt('2026-11-24T06:00:30.000Z'), entries, 2)
    expect(gone['detail']).toMatch(/begins at 2026-11-24T06:01:10\.000Z: what came before has been pruned/)
    const kept = await asked(requestAt(second(3)), entries, 2)
    expect(kept['counted']).toMatchObject([{ count: 40 }])
  })

  test.each<[string, () => string, RegExp]>([
    [
      'no UUIDv7',
      () => 'd9428888-122b-41e1-b85c-61a0d0d37a52',
      /not an id that the gateway issues.*version 7/
    ],
    ['no UUID', () => 'x', /not an id that the gateway issues/],
    [
      'of a year that no time is written in',
      () => 'ffffffff-ffff-7000-8000-000000000000',
      /not an id that the gateway issues/
    ],
    [
      'before the first entry',
      () => requestAt('2026-11-24T05:00:00.000Z'),
      /begins at 2026-11-24T06:00:00\.000Z/
    ],
    ['still to come', () => requestAt('2100-01-01T00:00:00.000Z'), /2100-01-01T00:00:00\.000Z.*in the future/]
  ])('an id that is %s is explained as such', async (_what, id, expected) => {
    const body = await asked(id(), [counted({ count: 40 })])
    expect(body['detail']).toMatch(expected)
    expect(body).not.toHaveProperty('counted')
  })
})

test('a request of a burst is explained while its count is not written, and once it is', async ({
  startGateway
}) => {
  const gateway = await startGateway({ prepare: issueAdminKeys })
  const bytes = syncBytes({ key: 'wrong', connectorId: gateway.connectors.sharepoint })
  const ids: string[] = []
  for (let n = 0; n < 25; n++)
    ids.push(JSON.parse((await rawRequest(gateway.port, bytes))[0]?.body ?? '').request_id)
  const last = ids.at(-1) ?? ''
  const show = (requestId: string) =>
    askAdmin(gateway.adminPort, { target: `/admin/ledger/${requestId}`, key: gateway.prepared.viewer })
  const early = expectProblem(await show(last), 'request_not_found')
  expect(early.detail).toMatch(/counts are written every 10 s/)
  await gateway.stop()
  const where = {
    env: { GATEWAY_STORE_URL: `sqlite:${gateway.folder}/gateway.db` },
    folder: gateway.folder
  }
  const { code, stderr } = await runHere(['ledger', 'show', last, '--json'], where)
  const problem = JSON.parse(stderr)
  expect([code, problem.arrived_at.slice(0, 4)]).toEqual([1, String(new Date().getUTCFullYear())])
  expect(problem.counted).toMatchObject([
    { code: 'credentials_invalid', reason: 'malformed', client_ip: '127.0.0.1', count: expect.any(Number) }
  ])
  expect(problem.counted[0].count).toBeGreaterThan(0)
  expect(problem.counted[0].count).toBeLessThanOrEqual(15)
  expect(problem.detail).toContain('credentials_invalid (malformed) from 127.0.0.1')
})
