import type { Server } from 'node:tls'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify from 'fastify'
import type { ProcessState } from '../base/process-state.ts'
import { schemaCompilerOptions } from '../base/schema-compiler.ts'
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
import { answerClientError, answerConnect, endIdleConnections, watchHandshakes } from './client-errors.ts'
import { drain } from './drain.ts'
import { headerValidation } from './header-validation.ts'
import { notFound } from './not-found.ts'
import { answerFrameworkError, problemEnvelope } from './problem-envelope.ts'
import { requestContext } from './request-context.ts'
import type { Scope } from './scope.ts'

export type ListenerDependencies = {
  logger: Logger
  processState: ProcessState
  trustedProxies: readonly string[]
  upstreamDeadlineMs: number
  /** How long a connection may be idle, in milliseconds; 72 s unless given. */
  keepAliveMs?: number
  /** Makes the listener speak TLS. */
  tls?: TlsMaterial | undefined
  /** How many connections it takes; by default they follow the limit of open files. */
  connections?: ConnectionBounds
}

/** More than twice the time that a call may wait for the ledger. */
const ledgerWaitsMs = 10_000

/** What both listeners share, in the order in which a request travels: limits of connections, then plugins. */
export async function buildListener(
  listener: 'public' | 'admin',
  dependencies: ListenerDependencies
): Promise<Scope> {
  const { logger, processState, trustedProxies, tls } = dependencies
  const app = createApp(dependencies)
  const proxies = trustedProxies.join(',')
  const isProxy = (address: string) => proxies !== '' && isInRanges(proxies, address)
  const encrypted = tls !== undefined
  const bounds =
    dependencies.connections ?? connectionBounds(listener, { openFiles: openFileLimit(), encrypted })
  guardConnections(app.server, { bounds, logger, isProxy, encrypted })
  continueWhenRead(app.server)
  answerConnect(app.server, logger)
  endIdleConnections(app.server)
  if (tls) {
    watchHandshakes(app.server, logger)
    secure(app.server as unknown as Server, tls)
  }
  await app.register(problemEnvelope, { logger })
  await app.register(requestContext, { isProxy })
  await app.register(accessLog, { logger })
  await app.register(headerValidation)
  await app.register(drain, { processState })
  await app.register(notFound)
  return app as Scope
}

function createApp({
  logger,
  processState,
  upstreamDeadlineMs,
  keepAliveMs = 72_000,
  tls
}: ListenerDependencies) {
  const app = Fastify({
    logger: false,
    genReqId: () => uuidv7(),
    requestIdHeader: false,
    requestTimeout: 10_000,
    // On a connection that is idle for longer than a call can take, nobody reads the answer.
    connectionTimeout: upstreamDeadlineMs + ledgerWaitsMs,
    keepAliveTimeout: keepAliveMs,
    bodyLimit: 16 * 1024,
    exposeHeadRoutes: false,
    allowErrorHandlerOverride: false,
    return503OnClosing: false,
    // `requestContext` reads the address of a caller; no other header of a proxy is believed.
    trustProxy: false,
    routerOptions: { maxParamLength: 64 },
    ...nodeOptions(tls),
    ajv: {
      customOptions: {
        ...schemaCompilerOptions,
        coerceTypes: false,
        removeAdditional: false,
        allErrors: false,
        verbose: true
      }
    },
    frameworkErrors: answerFrameworkError(logger, processState),
    clientErrorHandler: answerClientError(logger)
  }).withTypeProvider<TypeBoxTypeProvider>()
  // Handlers return exactly what their schema documents, and problems are rendered before.
  app.setSerializerCompiler(() => data => JSON.stringify(data))
  return app
}
