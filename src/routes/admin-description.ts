import { Type } from '@sinclair/typebox'
import { adminHeaders, adminSecurity } from '../admin-schema.ts'
import { adminFailures } from '../plugins/admin-problems.ts'
import { noQuery, type Route } from '../schema.ts'

const Description = Type.Unsafe<object>({
  type: 'object',
  description: 'This document.',
  headers: adminHeaders
})

/** GET /admin/openapi.json: the admin API as the routes make it. */
export const adminDescription: Route = scope => {
  scope.get(
    '/openapi.json',
    {
      config: { role: 'viewer' },
      schema: {
        operationId: 'describeAdminApi',
        summary: 'The description of this API',
        tags: ['description'],
        security: adminSecurity,
        querystring: noQuery,
        response: { 200: Description, ...adminFailures }
      }
    },
    function describeAdminApi() {
      return scope.swagger()
    }
  )
}
