import type { FastifyInstance } from 'fastify'
import type { AdminKeyDirectory } from './identity/admin-key-directory.ts'
import type { Limiter } from './limits/limiter.ts'
import { adminAuth } from './plugins/admin/admin-auth.ts'
import { adminProblems } from './plugins/admin/admin-problems.ts'
import { adminOpenapi } from './plugins/documents/openapi.ts'
import { idempotencyKey } from './plugins/idempotency-key.ts'
import { jsonBody } from './plugins/json-body.ts'
import { buildListener, type ListenerDependencies } from './plugins/listener.ts'
import { rejectBody } from './plugins/reject-body.ts'
import { requireUnsealed } from './plugins/require-unsealed.ts'
import type { Scope } from './plugins/scope.ts'
import { adminDescription } from './routes/admin/description.ts'
import { adminOperations, type OperationDependencies } from './routes/admin/operations.ts'
import { type DocsDependencies, docs } from './routes/docs.ts'
import { type HealthDependencies, health } from './routes/health/health.ts'

export type AdminAppDependencies = ListenerDependencies &
  HealthDependencies &
  OperationDependencies & {
    version: string
    adminKeys: Pick<AdminKeyDirectory, 'authenticate'>
    limiters: { failures: Limiter }
    /** The API description of the public listener, where this one shows it. */
    docs?: DocsDependencies | undefined
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

      adminOperations(scope, dependencies)
      adminDescription(scope)
    },
    { prefix: '/admin' }
  )

  await app.ready()
  return app
}
