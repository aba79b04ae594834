/**
 * The least a Node proxy can be: node:http in front, undici's Pool behind, nothing between.
 * Usage: node undici-proxy.ts PORT UPSTREAM_PORT
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type Dispatcher, Pool } from 'undici'
import { leaveWithParent } from '../leave-with-parent.ts'

const pool = new Pool(`http://127.0.0.1:${process.argv[3]}`, { connections: 64, pipelining: 1 })

/** Hands the upstream's answer to the caller as it comes. */
function relay(response: ServerResponse): Dispatcher.DispatchHandler {
  return {
    // undici tells handlers of this form from older ones by this method.
    onRequestStart() {},
    onResponseStart(_controller, statusCode, headers) {
      response.writeHead(statusCode, headers)
    },
    onResponseData(_controller, chunk) {
      response.write(chunk)
    },
    onResponseEnd() {
      response.end()
    },
    onResponseError(_controller, error) {
      console.error(error)
      if (response.headersSent) response.destroy()
      else response.writeHead(502).end()
    }
  }
}

function forward(request: IncomingMessage, body: Buffer, response: ServerResponse): void {
  const { connection: _connection, host: _host, ...headers } = request.headers
  pool.dispatch(
    { method: request.method as Dispatcher.HttpMethod, path: request.url ?? '/', headers, body },
    relay(response)
  )
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  // The body is sent on in one piece: cheaper than a stream for the small bodies of this API.
  request.on('end', () =>
    forward(request, chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks), response)
  )
})

leaveWithParent()
server.listen(Number(process.argv[2]), '127.0.0.1')
