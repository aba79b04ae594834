import { Type } from '@sinclair/typebox'
import { adminSecurity } from '../../contract/admin-schemas.ts'
import { documentHeaders, noQuery, noStoreHeaders } from '../../contract/schemas.ts'
import { adminFailures } from '../../plugins/admin/admin-problems.ts'
import { StaticDocument } from '../../plugins/documents/static-document.ts'
import type { Route } from '../../plugins/scope.ts'

const Description = Type.Unsafe<object>({
  type: 'object',
  description: 'This document.',
  headers: { ...documentHeaders, ...noStoreHeaders }
})

/** GET /admin/openapi.json: the description of the admin API, made from its routes. */
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
