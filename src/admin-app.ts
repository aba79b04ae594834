import type { FastifyInstance } from 'fastify'
import type { CredentialStatuses } from './admin/credential-status.ts'
import type { AdminKeyDirectory } from './identity/admin-key-directory.ts'
import type { Limiter } from './limits/limiter.ts'
import type { LimitsInUse } from './limits/limits-in-use.ts'
import { adminAuth } from './plugins/admin/admin-auth.ts'
import { adminProblems } from './plugins/admin/admin-problems.ts'
import { adminOpenapi } from './plugins/documents/openapi.ts'
import { idempotencyKey } from './plugins/idempotency-key.ts'
import { jsonBody } from './plugins/json-body.ts'
import { buildListener, type ListenerDependencies } from './plugins/listener.ts'
import { rejectBody } from './plugins/reject-body.ts'
import { requireUnsealed } from './plugins/require-unsealed.ts'
import type { Scope } from './plugins/scope.ts'
import { adminCredentials } from './routes/admin/credentials.ts'
import { adminDescription } from './routes/admin/description.ts'
import { adminGrants } from './routes/admin/grants.ts'
import { adminKeys } from './routes/admin/keys.ts'
import { adminLedger } from './routes/admin/ledger.ts'
import { adminLimits } from './routes/admin/limits.ts'
import { type AdminDependencies, adminTenants } from './routes/admin/tenants.ts'
import { type DocsDependencies, docs } from './routes/docs.ts'
import { type HealthDependencies, health } from './routes/health/health.ts'

export type AdminAppDependencies = ListenerDependencies &
  HealthDependencies &
  AdminDependencies & {
    version: string
    adminKeys: Pick<AdminKeyDirectory, 'authenticate'>
    limiters: { failures: Limiter }
    limitsInUse: LimitsInUse
    /** The API description of the public listener, where this one shows it. */
    docs?: DocsDependencies | undefined
    credentials: Pick<CredentialStatuses, 'list' | 'show'>
  }

/** The admin listener: for operators and orchestrators, apart from the traffic of the tenants. */
export async function buildAdminApp(dependencies: AdminAppDependencies): Promise<FastifyInstance> {
  const { version, adminKeys: keys, limiters } = dependencies
  const app = await buildListener('admin', dependencies)

  await app.register(adminOpenapi, { version })
  if (dependencies.docs) docs(app, dependencies.docs)
  health(app, dependencies)

  await app.register(
    async function adminScope(scope: Scope) {
      await scope.register(adminProblems)
      await scope.register(requireUnsealed, dependencies)
      await scope.register(adminAuth, { adminKeys: keys, failures: limiters.failures })
      await scope.register(rejectBody)
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
