import { expect } from 'vitest'
import { MemoryLimiter } from '../../../src/limits/memory-limiter.ts'
import { test } from '../../support/fixtures/test.ts'
import { type TestApp, testKey, testTenant } from '../../support/fixtures/test-app.ts'
import { marker } from '../../support/http/expect-refusal.ts'
import { rawRequest } from '../../support/http/raw-connection.ts'
import { requestBytes, syncBytes } from '../../support/http/request-bytes.ts'

const connectorId = '00000000-0000-4000-8000-000000000000'

// Behind a trusted proxy the address is a text of the caller's choice, unless the proxy checks it.
test.for([
  ['10.1.2.3', '10.1.2.3'],
  ['2001:db8::1', '2001:db8::1'],
  ['::ffff:10.1.2.3', '10.1.2.3'],
  [`${marker}, 10.1.2.3`, '10.1.2.3'],
  [marker, 'unknown'],
  [`2001:db8::1%${marker}`, '2001:db8::1'],
  ['10.1.2.3:4711', '10.1.2.3'],
  ['10.9.9.9, "[2001:DB8::1]:4711", 127.0.0.1:4711', '2001:db8::1'],
  ['', '127.0.0.1'],
  [' , ', '127.0.0.1']
] as const)(
  'the address behind a trusted proxy is an address or unknown: %j is %s',
  async ([forwarded, address], { startApp }) => {
    const app = await startApp({ trustedProxies: ['127.0.0.1'] })
    const more = [`X-Forwarded-For: ${forwarded}`]
    await rawRequest(app.port, syncBytes({ key: 'wrong', connectorId }, { more }))
    await rawRequest(app.port, requestBytes({ method: 'GET', target: '/livez', more }))
    expect(app.rejections).toMatchObject([{ client_ip: address }])
    expect(app.logged()).not.toContain(marker)
  }
)

/** What a caller gets who has a key, or none, behind proxies that wrote this. */
async function statuses(app: TestApp, lines: readonly string[], key: string): Promise<number[]> {
  const more = lines.map(line => `X-Forwarded-For: ${line}`)
  const answers = await rawRequest(app.port, syncBytes({ key, connectorId }, { more }))
  return answers.map(({ status }) => status)
}

test('a tenant is admitted from its own address alone, whatever port its proxy writes', async ({
  startApp
}) => {
  const tenant = { ...testTenant, burst: 100, addresses: '10.1.2.3,127.0.0.1' }
  const directory = { authenticate: () => ({ tenant, keyId: 'testkey' }) }
  const app = await startApp({ trustedProxies: ['127.0.0.1'], directory })
  for (const lines of [['10.1.2.3:4711'], ['6.6.6.6', '10.1.2.3:4711'], ['"10.1.2.3:1", 127.0.0.1:443']])
    expect([lines, await statuses(app, lines, testKey)]).toEqual([lines, [200]])
  // Not even where the proxy itself would be: it asks for somebody whom it could not name.
  for (const lines of [['unknown'], ['10.1.2.3, _hidden'], ['10.1.2.3', '6.6.6.6:4711']])
    expect([lines, await statuses(app, lines, testKey)]).toEqual([lines, [401]])
})

test('unauthenticated callers behind a proxy that writes ports are counted by address, not together', async ({
  startApp
}) => {
  // Time stands still: on a busy machine 100 requests take longer than the limit takes to admit another one.
  const limiters = {
    tenants: new MemoryLimiter('tenant'),
    failures: new MemoryLimiter('unauthenticated', () => 1_000_000)
  }
  const app = await startApp({ trustedProxies: ['127.0.0.1', '127.0.0.9'], limiters })
  const of = (line: string) => statuses(app, [line], 'wrong')
  for (let n = 0; n < 100; n++) expect(await of(`10.1.2.3:${n}`)).toEqual([401])
  expect(await of('10.1.2.3:101')).toEqual([429])
  expect(await of('10.1.2.4:101')).toEqual([401])
  // Those that nobody can name are counted where they came from, each proxy by itself.
  for (let n = 0; n < 100; n++) expect(await of('unknown')).toEqual([401])
  expect(await of('_hidden')).toEqual([429])
  expect(await of('unknown, 127.0.0.9:443')).toEqual([401])
})

test('Forwarded is not read', async ({ startApp }) => {
  const app = await startApp({ trustedProxies: ['127.0.0.1'] })
  const more = ['Forwarded: for=10.1.2.3', 'X-Forwarded-Host: elsewhere', 'X-Real-IP: 10.1.2.3']
  await rawRequest(app.port, syncBytes({ key: 'wrong', connectorId }, { more }))
  expect(app.rejections).toMatchObject([{ client_ip: '127.0.0.1' }])
})

test('without trusted proxies no forwarded address is believed', async ({ startApp }) => {
  const app = await startApp()
  const more = ['X-Forwarded-For: 10.1.2.3']
  await rawRequest(app.port, syncBytes({ key: 'wrong', connectorId }, { more }))
  expect(app.rejections).toMatchObject([{ client_ip: '127.0.0.1' }])
})
