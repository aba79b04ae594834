import swagger from '@fastify/swagger'
import fp from 'fastify-plugin'
import { AdminProblemSchema } from '../admin/admin-problems.ts'
import { describeRoute } from './describe-route.ts'

const description = `Tenants, their keys and grants, the ledger, and limits in use. Every failure is one
application/problem+json envelope. Every change is in the ledger, with the key that made it and the names of the fields
that it changed.`

/** Describes the routes of the admin listener that are registered after it. */
export const adminOpenapi = fp<{ version: string }>(
  async function adminOpenapi(scope, { version }) {
    scope.addSchema(AdminProblemSchema)
    await scope.register(swagger, {
      transform: describeRoute,
      openapi: {
        openapi: '3.1.0',
        info: { title: 'connector-gateway admin API', version, description },
        servers: [{ url: '/' }],
        components: {
          securitySchemes: {
            bearer: {
              type: 'http',
              scheme: 'bearer',
              description: 'An admin key, cga_…; it may also be sent as X-API-KEY, or in both headers'
            }
          }
        }
      },
      refResolver: {
        buildLocalReference: (json, _base, _fragment, index) => String(json.$id ?? `def-${index}`)
      }
    })
  },
  { name: 'admin-openapi' }
)
