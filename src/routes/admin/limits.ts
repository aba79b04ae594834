import { Type } from '@sinclair/typebox'
import { adminHeaders, adminSecurity, TenantName } from '../../contract/admin-schemas.ts'
import { limitFault, Page, pageQuery, pageSchema } from '../../contract/page-schemas.ts'
import { strict } from '../../contract/schemas.ts'
import type { LimitsInUse } from '../../limits/limits-in-use.ts'
import { adminFailures } from '../../plugins/admin/admin-problems.ts'
import type { Route } from '../../plugins/scope.ts'

const Query = Type.Object({ tenant: Type.Optional(TenantName), ...pageQuery }, strict)

const LimitInUse = Type.Object({
  tenant: TenantName,
  rate_per_minute: Type.Integer(),
  burst: Type.Integer(),
  remaining: Type.Integer({ description: 'Calls that would be admitted now, at once.' }),
  full_in_seconds: Type.Integer({ description: 'Until all of the burst is there again, rounded up.' })
})

/** GET /admin/limits: where the limits of tenants stand, in this process. Asking costs no tenant anything. */
export const adminLimits: Route<{ limitsInUse: LimitsInUse }> = (scope, { limitsInUse }) => {
  scope.get(
    '/limits',
    {
      config: { role: 'viewer' },
      schema: {
        operationId: 'listLimits',
        summary: 'Tenants that have used some of their limit just now, by name, as this process counts',
        tags: ['limits'],
        security: adminSecurity,
        querystring: Query,
        response: {
          200: Page(LimitInUse, { description: 'Limits in use.', headers: adminHeaders }),
          ...adminFailures({ fault: limitFault, asks: 'memory', refusals: ['cursor_invalid'] })
        }
      }
    },
    function listLimits(request) {
      return limitsInUse({ tenant: request.query.tenant, ...pageSchema(request.query) })
    }
  )
}
