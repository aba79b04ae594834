import { expect, test } from 'vitest'
import { marker } from '../support/expect-refusal.ts'
import { rawRequest } from '../support/raw-connection.ts'
import { requestBytes, syncBytes } from '../support/request-bytes.ts'
import { startTestApp } from '../support/test-app.ts'

const connectorId = '00000000-0000-4000-8000-000000000000'

// Behind a trusted proxy the address is a text of the caller's choice, unless the proxy checks it.
test.each([
  ['10.1.2.3', '10.1.2.3'],
  ['2001:db8::1', '2001:db8::1'],
  ['::ffff:10.1.2.3', '10.1.2.3'],
  [`${marker}, 10.1.2.3`, '10.1.2.3'],
  [marker, 'unknown'],
  [`2001:db8::1%${marker}`, '2001:db8::1'],
  ['10.1.2.3:4711', 'unknown'],
  ['', '127.0.0.1'],
  [' , ', '127.0.0.1']
])('the address behind a trusted proxy is an address or unknown: %j is %s', async (forwarded, address) => {
  const app = await startTestApp({ trustedProxies: ['127.0.0.1'] })
  const more = [`X-Forwarded-For: ${forwarded}`]
  await rawRequest(app.port, syncBytes({ key: 'wrong', connectorId }, { more }))
  await rawRequest(app.port, requestBytes({ method: 'GET', target: '/livez', more }))
  await app.close()
  expect(app.rejections).toMatchObject([{ client_ip: address }])
  expect(app.logged()).not.toContain(marker)
})

test('without trusted proxies nobody is believed', async () => {
  const app = await startTestApp()
  const more = ['X-Forwarded-For: 10.1.2.3']
  await rawRequest(app.port, syncBytes({ key: 'wrong', connectorId }, { more }))
  await app.close()
  expect(app.rejections).toMatchObject([{ client_ip: '127.0.0.1' }])
})
