import type { Server } from 'node:tls'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, { type FastifyInstance } from 'fastify'
import type { HeldCredentials } from './custody/held-credentials.ts'
import { type ConnectionBounds, connectionBounds, openFileLimit } from './http/connection-bounds.ts'
import { continueWhenRead } from './http/expect-continue.ts'
import { guardConnections } from './http/guard-connections.ts'
import type { Ledger } from './ledger/ledger.ts'
import type { LedgerReader } from './ledger/ledger-reader.ts'
import type { Lifecycle } from './lifecycle.ts'
import type { LimitsInUse } from './limits/limits-in-use.ts'
import type { Logger } from './logger.ts'
import { adminAuth } from './plugins/admin-auth.ts'
import { adminOpenapi } from './plugins/admin-openapi.ts'
import { adminProblems } from './plugins/admin-problems.ts'
import { bodiless } from './plugins/bodiless.ts'
import { drain } from './plugins/drain.ts'
import { headerGuard } from './plugins/header-guard.ts'
import { idempotencyKey } from './plugins/idempotency-key.ts'
import { jsonBody } from './plugins/json-body.ts'
import type { Limiter } from './plugins/limit-answer.ts'
import { openapi } from './plugins/openapi.ts'
import { permission } from './plugins/permission.ts'
import { answerFrameworkError, problemEnvelope } from './plugins/problem-envelope.ts'
import { rateLimit } from './plugins/rate-limit.ts'
import { rejectionRecord } from './plugins/rejection-record.ts'
import { requestFacts } from './plugins/request-facts.ts'
import { requestLog } from './plugins/request-log.ts'
import { sealed } from './plugins/sealed.ts'
import { answerClientError, answerConnect, endIdleConnections } from './plugins/socket-problems.ts'
import { type OtherProofs, tenantAuth } from './plugins/tenant-auth.ts'
import { watchHandshakes } from './plugins/tls-handshakes.ts'
import { unknownRoute } from './plugins/unknown-route.ts'
import { adminCredentials } from './routes/admin-credentials.ts'
import { adminDescription } from './routes/admin-description.ts'
import { adminGrants } from './routes/admin-grants.ts'
import { adminKeys } from './routes/admin-keys.ts'
import { adminLedger } from './routes/admin-ledger.ts'
import { adminLimits } from './routes/admin-limits.ts'
import { type AdminDependencies, adminTenants } from './routes/admin-tenants.ts'
import { type DocsDependencies, docs } from './routes/docs.ts'
import { type HealthDependencies, health } from './routes/health.ts'
import { listSyncs } from './routes/list-syncs.ts'
import { problemPages } from './routes/problems.ts'
import { syncConnector } from './routes/sync.ts'
import type { Scope } from './schema.ts'
import { secure, serverOptions } from './server-options.ts'
import { addressesOf } from './tenants/address-ranges.ts'
import type { AdminKeyDirectory } from './tenants/admin-key-directory.ts'
import type { Directory } from './tenants/directory.ts'
import type { TlsMaterial } from './tls-files.ts'
import type { ContentApi } from './upstream/content-api.ts'
import { uuidv7 } from './uuid.ts'

type ListenerDependencies = HealthDependencies & {
  logger: Logger
  lifecycle: Lifecycle
  trustedProxies: readonly string[]
  upstreamDeadlineMs: number
  /** How long a connection may be idle, in milliseconds; 72 s unless given. */
  keepAliveMs?: number
  /** With it the listener speaks TLS. */
  tls?: TlsMaterial | undefined
  /** How many connections it takes, where not as many as the process may have files open. */
  connections?: ConnectionBounds
}

export type AppDependencies = ListenerDependencies & {
  /** How else than by keys callers prove who they are. */
  proofs?: OtherProofs
  version: string
  directory: Pick<Directory, 'authenticate'>
  limiters: { tenants: Limiter; failures: Limiter }
  ledger: Pick<Ledger, 'recordRejection'>
  contentApi: ContentApi
  history: Pick<LedgerReader, 'syncHistory'>
  /** Whether this listener shows the description of itself. */
  docs?: boolean
}

/** The public listener, in the order in which a request travels through it. */
export async function buildApp(dependencies: AppDependencies): Promise<FastifyInstance> {
  const { version, logger, directory, proofs, limiters, ledger, contentApi, history } = dependencies
  const app = await buildListener('public', dependencies)

  await app.register(openapi, { version })
  if (dependencies.docs ?? true) docs(app, { describe: () => app.swagger() })
  health(app, dependencies)
  problemPages(app, {})

  await app.register(async function tenantScope(scope: Scope) {
    await scope.register(sealed, dependencies)
    await scope.register(tenantAuth, { ...proofs, directory, failures: limiters.failures })
    await scope.register(rejectionRecord, { ledger })
    await scope.register(rateLimit, { limiter: limiters.tenants })
    await scope.register(permission)
    await scope.register(idempotencyKey, {
      advice: 'look at `retryable` and `forwarded` before you repeat it'
    })
    await scope.register(jsonBody)

    syncConnector(scope, { contentApi, operationId: 'syncConnector', scheme: 'bearer' })
    listSyncs(scope, { history })
    // The upstream's own path: an existing client only changes its base URL and key.
    await scope.register(
      async function upstreamPaths(paths: Scope) {
        syncConnector(paths, { contentApi, operationId: 'syncConnectorOnUpstreamPath', scheme: 'apiKey' })
      },
      { prefix: '/contents/v1' }
    )
  })

  await app.ready()
  logger.debug('public listener built')
  return app
}

export type AdminAppDependencies = ListenerDependencies &
  AdminDependencies & {
    version: string
    adminKeys: Pick<AdminKeyDirectory, 'authenticate'>
    limiters: { failures: Limiter }
    limitsInUse: LimitsInUse
    /** The description of the public listener, where this one shows it. */
    docs?: DocsDependencies | undefined
    credentials: Pick<HeldCredentials, 'list' | 'show'>
  }

/** The admin listener: what operators and orchestrators ask, apart from the traffic of the tenants. */
export async function buildAdminApp(dependencies: AdminAppDependencies): Promise<FastifyInstance> {
  const { version, adminKeys: keys, limiters } = dependencies
  const app = await buildListener('admin', dependencies)

  await app.register(adminOpenapi, { version })
  if (dependencies.docs) docs(app, dependencies.docs)
  health(app, dependencies)

  await app.register(
    async function adminScope(scope: Scope) {
      await scope.register(adminProblems)
      await scope.register(sealed, dependencies)
      await scope.register(adminAuth, { adminKeys: keys, failures: limiters.failures })
      await scope.register(bodiless)
      await scope.register(idempotencyKey, { advice: 'look what has been changed before you repeat it' })
      await scope.register(jsonBody)

      adminTenants(scope, dependencies)
      adminKeys(scope, dependencies)
      adminGrants(scope, dependencies)
      adminCredentials(scope, dependencies)
      adminLedger(scope, dependencies)
      adminLimits(scope, dependencies)
      adminDescription(scope, {})
    },
    { prefix: '/admin' }
  )

  await app.ready()
  return app
}

/** What a call may wait for the ledger, twice, and then some. */
const ledgerWaitsMs = 10_000

/** What both listeners share: socket limits, the guard, the envelope, the facts and the log of a request. */
async function buildListener(
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
    // The address of a caller is read by `requestFacts`; nothing else of what proxies write is believed.
    trustProxy: false,
    routerOptions: { maxParamLength: 64 },
    ...serverOptions(tls),
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, allErrors: false, verbose: true } },
    frameworkErrors: answerFrameworkError(logger, lifecycle),
    clientErrorHandler: answerClientError(logger)
  }).withTypeProvider<TypeBoxTypeProvider>()

  const proxies = trustedProxies.length > 0 ? addressesOf(trustedProxies.join(',')) : null
  const isProxy = (address: string) => proxies?.admits(address) === true
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
  await app.register(requestFacts, { isProxy })
  await app.register(requestLog, { logger })
  await app.register(headerGuard)
  await app.register(drain, { lifecycle })
  await app.register(unknownRoute)
  return app as Scope
}
