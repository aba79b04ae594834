import type { Server } from 'node:tls'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify from 'fastify'
import type { ProcessState } from '../base/process-state.ts'
import { uuidv7 } from '../base/uuid.ts'
import type { TlsMaterial } from '../config/tls-files.ts'
import {
  type ConnectionBounds,
  connectionBounds,
  openFileLimit
} from '../http/connections/connection-bounds.ts'
import { guardConnections } from '../http/connections/guard-connections.ts'
import { nodeOptions, secure } from '../http/node-options.ts'
import { continueWhenRead } from '../http/parsing/expect-continue.ts'
import type { Logger } from '../telemetry/logger.ts'
import { isInRanges } from '../tenants/address-ranges.ts'
import { accessLog } from './access-log.ts'
import { answerClientError, answerConnect, endIdleConnections } from './client-errors.ts'
import { drain } from './drain.ts'
import { headerValidation } from './header-validation.ts'
import { notFound } from './not-found.ts'
import { answerFrameworkError, problemEnvelope } from './problem-envelope.ts'
import { requestContext } from './request-context.ts'
import type { Scope } from './scope.ts'
import { watchHandshakes } from './tls-handshakes.ts'

export type ListenerDependencies = {
  logger: Logger
  lifecycle: ProcessState
  trustedProxies: readonly string[]
  upstreamDeadlineMs: number
  /** How long a connection may be idle, in milliseconds; 72 s unless given. */
  keepAliveMs?: number
  /** With it the listener speaks TLS. */
  tls?: TlsMaterial | undefined
  /** How many connections it takes, where not as many as the process may have files open. */
  connections?: ConnectionBounds
}

/** What a call may wait for the ledger, twice, and then some. */
const ledgerWaitsMs = 10_000

/** What both listeners share: socket limits, the guard, the envelope, the facts and the log of a request. */
export async function buildListener(
  listener: 'public' | 'admin',
  {
    logger,
    lifecycle,
    trustedProxies,
    upstreamDeadlineMs,
    keepAliveMs = 72_000,
    tls,
    connections = connectionBounds(listener, { openFiles: openFileLimit(), encrypted: tls !== undefined })
  }: ListenerDependencies
): Promise<Scope> {
  const app = Fastify({
    logger: false,
    genReqId: () => uuidv7(),
    requestIdHeader: false,
    requestTimeout: 10_000,
    // A connection on which nothing moves for longer than a call can last: its answer is not being read.
    connectionTimeout: upstreamDeadlineMs + ledgerWaitsMs,
    keepAliveTimeout: keepAliveMs,
    bodyLimit: 16 * 1024,
    exposeHeadRoutes: false,
    allowErrorHandlerOverride: false,
    return503OnClosing: false,
    // The address of a caller is read by `requestContext`; nothing else of what proxies write is believed.
    trustProxy: false,
    routerOptions: { maxParamLength: 64 },
    ...nodeOptions(tls),
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, allErrors: false, verbose: true } },
    frameworkErrors: answerFrameworkError(logger, lifecycle),
    clientErrorHandler: answerClientError(logger)
  }).withTypeProvider<TypeBoxTypeProvider>()

  const proxies = trustedProxies.join(',')
  const isProxy = (address: string) => proxies !== '' && isInRanges(proxies, address)
  guardConnections(app.server, {
    bounds: connections,
    logger,
    isProxy,
    encrypted: tls !== undefined
  })
  continueWhenRead(app.server)
  answerConnect(app.server, logger)
  endIdleConnections(app.server)
  if (tls) {
    watchHandshakes(app.server, logger)
    secure(app.server as unknown as Server, tls)
  }
  // Handlers return exactly what their schema documents, and problems are rendered before they get here.
  app.setSerializerCompiler(() => data => JSON.stringify(data))
  await app.register(problemEnvelope, { logger })
  await app.register(requestContext, { isProxy })
  await app.register(accessLog, { logger })
  await app.register(headerValidation)
  await app.register(drain, { lifecycle })
  await app.register(notFound)
  return app as Scope
}
