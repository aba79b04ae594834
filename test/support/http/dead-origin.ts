import { once } from 'node:events'
import { createServer } from 'node:net'

/** An origin of a port that was free a moment ago. */
export async function deadOrigin(): Promise<string> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return `http://127.0.0.1:${port}`
}
