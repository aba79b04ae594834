import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { uuidv7 } from '../base/uuid.ts'
import { Problem, type ProblemCode } from '../contract/problem.ts'
import { rawProblemResponse } from '../contract/render-problem.ts'
import { gateOf } from '../http/connections/connection-gate.ts'
import { lingeringClose } from '../http/connections/lingering-close.ts'
import type { NodeSocket } from '../http/node-socket.ts'
import type { Logger } from '../telemetry/logger.ts'
import { requestOf } from './request-context.ts'

/** What Node reports of a connection without a whole, valid request. Anything else is `request_malformed`. */
const byParserCode: Readonly<Record<string, ProblemCode>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
  HPE_HEADER_OVERFLOW: 'headers_too_large'
}

type ParserError = NodeJS.ErrnoException & { rawPacket?: unknown }

/** Makes Fastify's `clientErrorHandler`: for connections on which no request, or no whole request, could be read. */
export function answerClientError(logger: Logger) {
  return (error: ParserError, socket: Duplex): void => {
    // On an idle connection an answer would be taken for the one to its next request.
    const isIdle = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && gateOf(socket)?.isIdle === true
    if (error.code === 'ECONNRESET' || isIdle) socket.destroy()
    else refuse(socket, problemOf(error), logger)
  }
}

/**
 * Closes connections on which nothing has moved for the idle time, as Node would, but not while the head of a request is
 * coming: that has a timeout of its own, and an answer when it passes.
 */
export function endIdleConnections(server: Server): void {
  server.on('timeout', (socket: Socket) => {
    const isHeadComing = gateOf(socket)?.isIdle === false && (socket as NodeSocket)._httpMessage == null
    if (!isHeadComing) socket.destroy()
  })
}

function problemOf(error: ParserError): Problem {
  const { code = '', rawPacket } = error
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW')
    return new Problem('payload_too_large', {
      detail: 'The extensions of the chunks are larger than 16 KiB.',
      cause: error
    })
  // To the parser the request line is a part of the headers; to a caller it is the URI that is too long.
  const isUriTooLong = code === 'HPE_HEADER_OVERFLOW' && /^[A-Z-]+ \/[^\r\n]{8000}/.test(String(rawPacket))
  return new Problem(isUriTooLong ? 'uri_too_long' : (byParserCode[code] ?? 'request_malformed'), {
    cause: error
  })
}

/** Answers CONNECT, where Node would close the connection without an answer. */
export function answerConnect(server: Server, logger: Logger): void {
  server.on('connect', (_request: IncomingMessage, socket: Duplex) => {
    refuse(socket, new Problem('method_not_allowed', { headers: { allow: 'GET, POST' } }), logger)
  })
}

/**
 * Refuses what came on a connection, and closes it. Where a request there has its answer already, that is the last one. A
 * request whose body broke off is answered under its own id, and recorded and logged like every request.
 */
function refuse(socket: Duplex, problem: Problem, logger: Logger): void {
  const gate = gateOf(socket)
  if (!gate) return void socket.destroy()
  const message = (socket as NodeSocket)._httpMessage?.req
  if (!gate.closeForRejection()) return
  const request = message && requestOf(message)
  const requestId = request?.id ?? uuidv7()
  socket.write(rawProblemResponse(problem, requestId))
  lingeringClose(socket)
  if (request) request.problem = problem
  else logger.info({ request_id: requestId, code: problem.code, status: problem.status }, 'request refused')
}

/** For an HTTPS server: what becomes of a connection before its first request. */
export function watchHandshakes(server: Server, logger: Pick<Logger, 'info'>): void {
  // A failed handshake leaves nothing that could carry an answer, so it must not reach the handler for bad HTTP, to which
  // Node passes it on and which answers on whatever can be written to.
  server.removeAllListeners('tlsClientError')
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    socket.destroy()
    logger.info({ code: error.code }, 'TLS handshake failed')
  })
  // A certificate by another authority with the name of ours leaves an error behind in OpenSSL, for which Node would cut the
  // connection, although its caller may have a key. Reading the certificate clears that error.
  server.on('secureConnection', (socket: TLSSocket) => void socket.getPeerX509Certificate())
}
