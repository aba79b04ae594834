import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { NodeSocket } from '../node-socket.ts'

/**
 * `100 Continue` goes out when the body is about to be read, not before: a stranger is not asked for one. Where it is
 * never read Node closes the connection behind the answer. A request with another expectation goes the way of all, and
 * the guard refuses it.
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

/** For a body that came whole and unasked: none of it is still to come, so the connection may go on behind the answer. */
export function forgetExpectation({ _httpMessage: answer }: NodeSocket): void {
  if (answer?._expect_continue) answer._expect_continue = false
}
