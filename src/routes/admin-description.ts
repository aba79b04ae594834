import { Type } from '@sinclair/typebox'
import { adminSecurity } from '../admin-schema.ts'
import { adminFailures } from '../plugins/admin-problems.ts'
import { StaticDocument } from '../plugins/static-document.ts'
import { documentHeaders, noQuery, noStoreHeaders, type Route } from '../schema.ts'

const Description = Type.Unsafe<object>({
  type: 'object',
  description: 'This document.',
  headers: { ...documentHeaders, ...noStoreHeaders }
})

/** GET /admin/openapi.json: the admin API as the routes make it. */
export const adminDescription: Route = scope => {
  const description = new StaticDocument({
    type: 'application/json; charset=utf-8',
    headers: { 'cache-control': 'no-store' },
    load: () => JSON.stringify(scope.swagger())
  })

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
        response: { 200: Description, ...adminFailures({}) }
      }
    },
    function describeAdminApi(request, reply) {
      return description.answer(request, reply)
    }
  )
}
