import { describe, expect, test } from 'vitest'
import { gatewayForFile } from '../../support/fixtures/gateway-for-file.ts'
import { expectRefusal } from '../../support/http/expect-refusal.ts'
import { rawRequest } from '../../support/http/raw-connection.ts'
import { syncBytes } from '../../support/http/request-bytes.ts'

const file = gatewayForFile()
const call = () => ({ key: file.gateway.key, connectorId: file.gateway.connectors.investment_research })

describe('a date_limit that is no calendar day is invalid', () => {
  test.each([
    '2026-02-30',
    '2025-02-29',
    '1900-02-29',
    '2026-04-31',
    '2026-13-01',
    '2026-00-10',
    '2026-01-00',
    '2026-01-32',
    '0000-00-00',
    '0000-01-01',
    '٢٠٢٦-٠١-٠١',
    '２０２６-01-01',
    '2026‐01‐01',
    '2026-1-1',
    '26-01-01',
    '12026-01-01',
    '+2026-01-01',
    '-2026-01-01',
    '+002026-01-01',
    '2026-01-01\n',
    '\n2026-01-01',
    ' 2026-01-01',
    '2026-01-01 ',
    '2026-01-01\0',
    '2026-01-01T00:00:00Z',
    '2026/01/01',
    '20260101',
    '2026-W01-1',
    '2026-001',
    '01-01-2026',
    'today',
    '',
    '\ud800',
    'a'.repeat(10_000),
    20260101,
    1e308,
    0,
    true,
    null,
    [],
    ['2026-01-01'],
    {},
    { date: '2026-01-01' }
  ])('%j', async date_limit => {
    const body = JSON.stringify({ date_limit })
    await expectRefusal(file.gateway, syncBytes(call(), { body }), 'request_invalid', {
      errors: [{ pointer: '/date_limit', detail: 'must be a calendar date, YYYY-MM-DD' }]
    })
  })

  test.each(['1e999', '-0', '9'.repeat(5000)])('the number %s', async number => {
    const body = `{"date_limit":${number}}`
    await expectRefusal(file.gateway, syncBytes(call(), { body }), 'request_invalid', {
      errors: [{ pointer: '/date_limit', detail: 'must be a calendar date, YYYY-MM-DD' }]
    })
  })
})

test.each(['2024-02-29', '2000-02-29', '0001-01-01', '9999-12-31', '2026-12-31'])(
  'the day %s goes upstream as it is',
  async date_limit => {
    const before = file.gateway.sandbox.requests().at(-1)?.order ?? 0
    const [answer] = await rawRequest(
      file.gateway.port,
      syncBytes(call(), { body: JSON.stringify({ date_limit }) })
    )
    expect(JSON.parse(answer?.body ?? '')).toMatchObject({ status: 'accepted', date_limit })
    expect(file.gateway.sandbox.requests(before).map(({ body }) => body)).toEqual([
      `{"date_limit":"${date_limit}"}`
    ])
  }
)

test('white space and escapes of the caller do not go upstream', async () => {
  const before = file.gateway.sandbox.requests().at(-1)?.order ?? 0
  const body = ' { "date\\u005flimit" : "2026-\\u00301-01" } '
  await rawRequest(file.gateway.port, syncBytes(call(), { body }))
  expect(file.gateway.sandbox.requests(before)[0]?.body).toBe('{"date_limit":"2026-01-01"}')
})
