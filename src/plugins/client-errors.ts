import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { uuidv7 } from '../base/uuid.ts'
import { Problem, type ProblemCode } from '../contract/problem.ts'
import { rawProblemResponse } from '../contract/render-problem.ts'
import { closeSlowly } from '../http/connections/close-slowly.ts'
import { gateOf } from '../http/connections/connection-gate.ts'
import type { NodeSocket } from '../http/node-socket.ts'
import type { Logger } from '../telemetry/logger.ts'
import { requestOf } from './request-context.ts'

/** What Node tells of a connection that did not bring a whole, valid request. Anything else is malformed. */
const byParserCode: Readonly<Record<string, ProblemCode>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'payload_too_large'
}

/** Where the sentence of the table says something else. */
const detailsByParserCode: Readonly<Record<string, string>> = {
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'The extensions of the chunks are larger than 16 KiB.'
}

/** For Fastify's `clientErrorHandler`: connections on which no request, or no whole request, could be read. */
export function answerClientError(logger: Logger) {
  return (error: ParserError, socket: Duplex): void => {
    // To a connection on which nobody asked anything an answer would be that to its next request.
    const unasked = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && gateOf(socket)?.silent === true
    if (error.code === 'ECONNRESET' || unasked) socket.destroy()
    else refuse(socket, problemOf(error), logger)
  }
}

/**
 * Where Node would close a connection on which nothing has moved for the time of an idle one: not while the head of a
 * request is coming, which has a time of its own and an answer when that is over.
 */
export function endIdleConnections(server: Server): void {
  server.on('timeout', (socket: Socket) => {
    const isHeadComing = gateOf(socket)?.silent === false && (socket as NodeSocket)._httpMessage == null
    if (!isHeadComing) socket.destroy()
  })
}

/** What Node's parser says of the bytes that it stopped at. */
type ParserError = NodeJS.ErrnoException & { rawPacket?: unknown }

function problemOf(error: ParserError): Problem {
  const detail = detailsByParserCode[error.code ?? '']
  return new Problem(codeOf(error), { cause: error, ...(detail !== undefined && { detail }) })
}

function codeOf({ code = '', rawPacket }: ParserError): ProblemCode {
  // To the parser the request line is a part of the headers; to a caller it is the URI that is too long.
  if (code === 'HPE_HEADER_OVERFLOW' && /^[A-Z-]+ \/[^\r\n]{8000}/.test(String(rawPacket)))
    return 'uri_too_long'
  return byParserCode[code] ?? 'request_malformed'
}

/** CONNECT, where Node would hang up by itself. */
export function answerConnect(server: Server, logger: Logger): void {
  server.on('connect', (_request: IncomingMessage, socket: Duplex) => {
    refuse(socket, new Problem('method_not_allowed', { headers: { allow: 'GET, POST' } }), logger)
  })
}

/**
 * Refuses what came on a connection and closes it. Where a request there has its answer already, that is the last one; one
 * whose body broke off is answered under its own id, and recorded and logged as every request when its connection is closed.
 */
function refuse(socket: Duplex, problem: Problem, logger: Logger): void {
  const gate = gateOf(socket)
  if (!gate) return void socket.destroy()
  const message = (socket as NodeSocket)._httpMessage?.req
  if (!gate.mayRefuse()) return
  const request = message && requestOf(message)
  const requestId = request?.id ?? uuidv7()
  socket.write(rawProblemResponse(problem, requestId))
  closeSlowly(socket)
  if (request) request.problem = problem
  else logger.info({ request_id: requestId, code: problem.code, status: problem.status }, 'request refused')
}
