import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Logger } from '../logger.ts'
import { rawProblemResponse } from '../problem-body.ts'
import { Problem, type ProblemCode } from '../problems.ts'
import { uuidv7 } from '../uuid.ts'

/** What Node tells of a connection that did not bring a whole, valid request. Anything else is malformed. */
const byParserCode: Readonly<Record<string, ProblemCode>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'payload_too_large'
}

/** How long a refused connection may go on sending before it is cut: closing at once could lose our answer. */
const lingerMs = 1000

type NodeSocket = Duplex & { _httpMessage?: (ServerResponse & { req: IncomingMessage }) | null }

/** For Fastify's `clientErrorHandler`: connections on which no request, or no whole request, could be read. */
export function answerClientError(logger: Logger) {
  return (error: ParserError, socket: Duplex): void => {
    if (error.code === 'ECONNRESET') socket.destroy()
    else refuse(socket, new Problem(codeOf(error), { cause: error }), logger)
  }
}

/** What Node's parser says of the bytes that it stopped at. */
type ParserError = NodeJS.ErrnoException & { rawPacket?: unknown }

function codeOf({ code = '', rawPacket }: ParserError): ProblemCode {
  // To the parser the request line is a part of the headers; to a caller it is the URI that is too long.
  if (code === 'HPE_HEADER_OVERFLOW' && /^[A-Z-]+ \/[^\r\n]{8000}/.test(String(rawPacket)))
    return 'uri_too_long'
  return byParserCode[code] ?? 'request_malformed'
}

/** The paths on which Node would answer, or hang up, by itself: an unknown Expect, and CONNECT. */
export function answerUnusualRequests(server: Server, logger: Logger): void {
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    refuse(request.socket, new Problem('request_malformed'), logger, response)
  })
  server.on('connect', (_request: IncomingMessage, socket: Duplex) => {
    refuse(socket, new Problem('method_not_allowed', { headers: { allow: 'GET, POST' } }), logger)
  })
}

/** Refuses what came on a connection and closes it. `own` is Node's answer to that very request, where there is one. */
function refuse(socket: Duplex, problem: Problem, logger: Logger, own?: ServerResponse): void {
  const pending = (socket as NodeSocket)._httpMessage
  // A complete earlier request is still being answered here: a refusal now would be read as its answer.
  const answering = pending != null && pending !== own && (pending.headersSent || pending.req.complete)
  if (answering || !socket.writable) {
    socket.destroy()
    return
  }
  const requestId = uuidv7()
  socket.on('error', () => socket.destroy())
  socket.end(rawProblemResponse(problem, requestId))
  socket.resume()
  setTimeout(() => socket.destroy(), lingerMs).unref()
  logger.info({ request_id: requestId, code: problem.code, status: problem.status }, 'request refused')
}
