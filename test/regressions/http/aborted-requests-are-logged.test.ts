import { expect } from 'vitest'
import { test } from '../../support/fixtures/test.ts'
import { testKey } from '../../support/fixtures/test-app.ts'
import { rawConnection } from '../../support/http/raw-connection.ts'
import { syncBytes } from '../../support/http/request-bytes.ts'

const connectorId = '00000000-0000-4000-8000-000000000000'

// The line is written when an answer has been sent, and there was none for a caller that left before.
test.for([
  ['while its call is made', syncBytes({ key: testKey, connectorId })],
  ['before its body is complete', syncBytes({ key: testKey, connectorId }).subarray(0, -1)]
] as const)('a request whose caller leaves %s is logged, once', async ([_when, bytes], { startApp }) => {
  let finish = () => {}
  const app = await startApp({
    contentApi: {
      startSync: () =>
        new Promise(resolve => {
          finish = () => resolve({ connector_id: connectorId, status: 'accepted' })
        })
    }
  })
  const connection = await rawConnection(app.port)
  connection.write(bytes)
  connection.reset()
  const lines = () =>
    app
      .logged()
      .split('\n')
      .filter(line => line.includes('"request_id"'))
  await expect.poll(lines).toHaveLength(1)
  finish()
  expect(lines()).toHaveLength(1)
  expect(JSON.parse(lines()[0] ?? '')).toMatchObject({
    aborted: true,
    route: '/connectors/:id/sync',
    msg: 'request completed'
  })
})
