import { Type } from '@sinclair/typebox'
import { TenantName } from '../../contract/admin-schemas.ts'
import { type AdminOperation, list } from './operation.ts'

const LimitInUse = Type.Object({
  tenant: TenantName,
  rate_per_minute: Type.Integer(),
  burst: Type.Integer(),
  remaining: Type.Integer({ description: 'Calls that would be admitted now, at once.' }),
  full_in_seconds: Type.Integer({ description: 'Until the whole burst is available again, rounded up.' })
})

/** The limits of tenants in this process. A request for them uses up none. */
export const limitOperations = {
  listLimits: {
    ...list(
      'GET /limits',
      'List tenants that have used part of their limit, by name, as this process counts',
      LimitInUse,
      { tenant: Type.Optional(TenantName) }
    ),
    fromMemory: true
  }
} as const satisfies Record<string, AdminOperation>
