import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { gatewayForFile } from '../../support/fixtures/gateway-for-file.ts'
import { rawConnection } from '../../support/http/raw-connection.ts'
import { requestBytes, syncBytes } from '../../support/http/request-bytes.ts'

const file = gatewayForFile({
  prepare: async ({ addTenant }) => await addTenant({ name: 'tight', rate_per_minute: 1, burst: 1 })
})
const expecting = { more: ['Expect: 100-continue'], body: '', framing: 'Content-Length: 2' }
const call = (key: string | null) => ({ key, connectorId: file.gateway.connectors.sharepoint })

/** All that comes on a connection on which a head is sent, and its body once somebody asks for it. */
async function exchange(head: Buffer, body: string): Promise<string> {
  const socket = connect(file.gateway.port, '127.0.0.1')
  let received = ''
  socket.on('data', bytes => {
    if (received === '' && bytes.includes('100 Continue')) socket.write(body)
    received += bytes.toString('latin1')
    if (/HTTP\/1\.1 [2-5]/.test(received)) socket.end()
  })
  socket.write(head)
  await once(socket, 'close')
  return received
}
const statuses = (text: string) => [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status))

test('an authenticated caller is asked for the body, and answered', async () => {
  const text = await exchange(syncBytes(call(file.gateway.key), expecting), '{}')
  expect(statuses(text)).toEqual([100, 200])
})

// The body was asked for before anybody had looked at the key.
test.each<[string, number, () => Buffer]>([
  ['without a key', 401, () => syncBytes(call(null), expecting)],
  ['with an unknown key', 401, () => syncBytes(call('cgw_nobody'), expecting)],
  ['for an unknown path', 404, () => requestBytes({ ...expecting, target: '/nowhere' })],
  ['with a method that is not allowed', 405, () => requestBytes({ ...expecting, target: '/livez' })],
  [
    'with a body that is too large',
    413,
    () => syncBytes(call(file.gateway.key), { ...expecting, framing: 'Content-Length: 99999' })
  ],
  [
    'with a body of another type',
    415,
    () =>
      syncBytes(call(file.gateway.key), { ...expecting, headers: ['Host: a', 'Content-Type: text/plain'] })
  ]
])('nobody is asked for a body that is not read: %s', async (_what, status, bytes) => {
  const text = await exchange(bytes(), '{}')
  expect(statuses(text)).toEqual([status])
  expect(text).toMatch(/\r\nconnection: close\r\n/i)
})

test('nor who is over the limit', async () => {
  const { gateway } = file
  const connection = await rawConnection(gateway.port)
  connection.write(syncBytes(call(gateway.prepared)))
  await connection.answers(1)
  connection.close()
  expect(statuses(await exchange(syncBytes(call(gateway.prepared), expecting), '{}'))).toEqual([429])
})

test('on the admin listener a caller without a key is not asked either', async () => {
  const connection = await rawConnection(file.gateway.adminPort)
  connection.write(requestBytes({ ...expecting, target: '/admin/tenants' }))
  const answers = await connection.ended
  expect(answers.map(({ status }) => status)).toEqual([401])
})
