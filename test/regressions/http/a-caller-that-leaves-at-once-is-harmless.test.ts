import { expect } from 'vitest'
import { test } from '../../support/fixtures/test.ts'
import { testKey } from '../../support/fixtures/test-app.ts'
import { rawConnection, rawRequest } from '../../support/http/raw-connection.ts'
import { requestBytes, syncBytes } from '../../support/http/request-bytes.ts'

// The socket of such a caller has no address any more: that was an internal error.
test('a caller that cuts the connection with its request causes no internal error', async ({ startApp }) => {
  const app = await startApp()
  const bytes = syncBytes({ key: testKey, connectorId: '00000000-0000-4000-8000-000000000000' })
  const connections = await Promise.all(Array.from({ length: 50 }, () => rawConnection(app.port)))
  for (const connection of connections) {
    connection.write(bytes)
    connection.reset()
  }
  await Promise.all(connections.map(connection => connection.ended))
  const [answer] = await rawRequest(app.port, requestBytes({ method: 'GET', target: '/livez' }))
  expect(answer?.status).toBe(200)
  expect(app.logged()).not.toContain('internal error')
})
