import type { FastifyInstance } from 'fastify'
import type { Directory } from './identity/directory.ts'
import type { Ledger } from './ledger/ledger.ts'
import type { Limiter } from './limits/limiter.ts'
import { auditRejections } from './plugins/audit-rejections.ts'
import { authorize } from './plugins/authorize.ts'
import { openapi } from './plugins/documents/openapi.ts'
import { idempotencyKey } from './plugins/idempotency-key.ts'
import { jsonBody } from './plugins/json-body.ts'
import { buildListener, type ListenerDependencies } from './plugins/listener.ts'
import { rateLimit } from './plugins/rate-limit.ts'
import { requireUnsealed } from './plugins/require-unsealed.ts'
import type { Scope } from './plugins/scope.ts'
import { type OtherAuthenticators, tenantAuth } from './plugins/tenant-auth.ts'
import { syncConnector } from './routes/connectors/sync.ts'
import { listSyncs } from './routes/connectors/syncs.ts'
import { docs } from './routes/docs.ts'
import { type HealthDependencies, health } from './routes/health/health.ts'
import { problemPages } from './routes/problems.ts'
import type { QueryExecutor } from './threads/execute-query.ts'
import type { ContentApi } from './upstream/content-api.ts'

export type AppDependencies = ListenerDependencies &
  HealthDependencies & {
    /** Authentication by other means than keys. */
    authenticators?: OtherAuthenticators
    version: string
    directory: Pick<Directory, 'authenticate'>
    limiters: { tenants: Limiter; failures: Limiter }
    ledger: Pick<Ledger, 'recordRejection'>
    contentApi: ContentApi
    history: Pick<QueryExecutor, 'syncHistory'>
    /** Whether this listener shows its API description. */
    docs?: boolean
  }

/** The public listener, in the order in which a request travels through it. */
export async function buildApp(dependencies: AppDependencies): Promise<FastifyInstance> {
  const { version, directory, authenticators, limiters, ledger, contentApi, history } = dependencies
  const app = await buildListener('public', dependencies)

  await app.register(openapi, { version })
  if (dependencies.docs ?? true) docs(app, { describe: () => app.swagger() })
  health(app, dependencies)
  problemPages(app)

  await app.register(async function tenantScope(scope: Scope) {
    await scope.register(requireUnsealed, dependencies)
    await scope.register(tenantAuth, { ...authenticators, directory, failures: limiters.failures })
    await scope.register(auditRejections, { ledger })
    await scope.register(rateLimit, { limiter: limiters.tenants })
    await scope.register(authorize)
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
  return app
}
