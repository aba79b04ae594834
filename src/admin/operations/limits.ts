import { Type } from '@sinclair/typebox'
import { TenantName } from '../../contract/admin-schemas.ts'
import { Page, pageQuery } from '../../contract/page-schemas.ts'
import type { Operation } from './operation.ts'

const LimitInUse = Type.Object({
  tenant: TenantName,
  rate_per_minute: Type.Integer(),
  burst: Type.Integer(),
  remaining: Type.Integer({ description: 'Calls that would be admitted now, at once.' }),
  full_in_seconds: Type.Integer({ description: 'Until all of the burst is there again, rounded up.' })
})

/** Where the limits of tenants stand, in this process. A request for them costs no tenant anything. */
export const limitOperations = {
  listLimits: {
    kind: 'memory',
    route: 'GET /limits',
    summary: 'List tenants that have used some of their limit just now, by name, as this process counts',
    query: { tenant: Type.Optional(TenantName), ...pageQuery },
    result: Page(LimitInUse, { description: 'Limits in use.' }),
    refusals: ['cursor_invalid']
  }
} as const satisfies Record<string, Operation>
