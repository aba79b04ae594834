import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { NodeSocket } from '../node-socket.ts'

/**
 * Sends `100 Continue` when the body is about to be read: after authentication. Otherwise Node closes the connection after the
 * answer. Header validation refuses other expectations.
 */
export function continueWhenRead(server: Server): void {
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    request._read = size => {
      request._read = Object.getPrototypeOf(request)._read
      if (!response.headersSent && !request.complete) response.writeContinue()
      request._read(size)
    }
    server.emit('request', request, response)
  })
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    server.emit('request', request, response)
  })
}

/** For a body that came complete and unasked: nothing of it is still to come, so the connection may stay open. */
export function forgetExpectation({ _httpMessage: answer }: NodeSocket): void {
  if (answer?._expect_continue) answer._expect_continue = false
}
