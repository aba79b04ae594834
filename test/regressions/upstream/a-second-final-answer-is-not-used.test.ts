import { expect, test } from 'vitest'
import { gatewayForFile } from '../../support/fixtures/gateway-for-file.ts'
import { rawConnection } from '../../support/http/raw-connection.ts'
import { requestBytes, syncBytes } from '../../support/http/request-bytes.ts'

const file = gatewayForFile()

// A 400 or 408 for the rest of the body followed the answer: a caller would take it for the answer to its next request.
test.each([
  ['a stranger’s', 401, () => syncBytes({ key: null, connectorId: file.gateway.connectors.email }, parts)],
  ['one to an unknown path', 404, () => requestBytes({ ...parts, target: '/nowhere' })],
  ['one of a method that is not allowed', 405, () => requestBytes({ ...parts, target: '/livez' })]
])(
  'a request that was answered before its body broke is not answered again: %s',
  async (_what, status, bytes) => {
    const connection = await rawConnection(file.gateway.port)
    connection.write(bytes())
    await connection.answers(1)
    connection.write('garbage\r\n\r\n')
    expect((await connection.ended).map(answer => answer.status)).toEqual([status])
  }
)

test('nor is one whose caller ends its half before the body is whole', async () => {
  const connection = await rawConnection(file.gateway.port)
  connection.write(requestBytes({ ...parts, target: '/nowhere' }))
  await connection.answers(1)
  connection.finish()
  expect((await connection.ended).map(answer => answer.status)).toEqual([404])
})

const parts = { body: '2\r\n{', framing: 'Transfer-Encoding: chunked' }
