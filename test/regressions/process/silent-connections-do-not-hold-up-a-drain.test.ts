import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { Scenario } from '../../support/scenario/scenario.ts'
import { within } from '../../support/scenario/wait.ts'

// Node's own timeouts stop with the listener: a connection that was silent, or half way through a request, held up the
// drain until its last bound, and the ledger was never flushed.
test('connections without a whole request do not hold up the drain', async () => {
  const scenario = await Scenario.start()
  const sockets: ReturnType<typeof connect>[] = []
  try {
    const { process, port, adminPort, writer } = await scenario.startGateway()
    for (const [to, sent] of [
      [port, ''],
      [adminPort, ''],
      [port, 'GET /livez HTTP/1.1\r\nHost: a'],
      [port, 'POST /connectors/x/sync HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{']
    ] as const) {
      const socket = connect(to, '127.0.0.1')
      socket.on('error', () => socket.destroy())
      socket.write(sent)
      await once(socket, 'connect')
      sockets.push(socket)
    }
    process.signal('SIGTERM')
    expect(await within('the end of the drain', 6_000, process.exited)).toEqual({ code: 0, signal: null })
    expect(scenario.ledger.entries().at(-1)).toMatchObject({ kind: 'writer.closed', writer })
  } finally {
    for (const socket of sockets) socket.destroy()
    await scenario.close()
  }
})
