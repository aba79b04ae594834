import { once } from 'node:events'
import { connect } from 'node:net'
import { expect } from 'vitest'
import { test } from '../../support/fixtures/test.ts'

// A reset of a connection that was ending already never let its socket close, and the sandbox never came to its end.
test('a connection that is being finished is not idle any more, and the sandbox closes', async ({
  startSandbox
}) => {
  const sandbox = await startSandbox()
  const socket = connect(sandbox.port, '127.0.0.1')
  socket.on('error', () => socket.destroy())
  socket.write(`GET /contents/v1/connectors HTTP/1.1\r\nHost: a\r\nX-API-KEY: ${sandbox.key}\r\n\r\n`)
  await once(socket, 'data')
  expect(sandbox.disturbIdle('finish')).toBe(1)
  expect(sandbox.disturbIdle('reset')).toBe(0)
})
