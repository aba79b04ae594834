import swagger from '@fastify/swagger'
import type { TSchema } from '@sinclair/typebox'
import type { FastifyInstance, FastifySchema } from 'fastify'
import fp from 'fastify-plugin'
import { describedQuery } from '../../contract/page-schemas.ts'
import { ProblemSchema } from '../../contract/schemas.ts'
import { AdminProblemSchema } from '../admin/admin-problems.ts'

type Description = {
  readonly title: string
  readonly description: string
  readonly problem: TSchema
  /** How a caller authenticates. */
  readonly bearer: string
  readonly apiKey?: string
}

const publicApi: Description = {
  title: 'connector-gateway',
  description: `Triggers syncs of Bigdata.com connectors for internal services. Every failure is one
application/problem+json envelope; \`/problems\` says what each code means. Every answer has an X-Request-Id.`,
  problem: ProblemSchema,
  bearer: `A gateway key, cgw_…, or a signed token (JWT) of an issuer that the gateway is configured to trust. A key
may also be sent as X-API-KEY, or in both headers. Where the gateway speaks TLS, a client certificate that is mapped to a
tenant takes the place of either.`,
  apiKey: 'The same key, in the header that the upstream uses'
}

const adminApi: Description = {
  title: 'connector-gateway admin API',
  description: `Tenants, their keys and grants, the ledger, and limits in use. Every failure is one
application/problem+json envelope. Every change is in the ledger, with the key that made it and the names of the fields
that it changed.`,
  problem: AdminProblemSchema,
  bearer: 'An admin key, cga_…; it may also be sent as X-API-KEY, or in both headers'
}

/** Describes the routes of the public listener that are registered after it. */
export const openapi = describing('openapi', publicApi)

/** Describes the routes of the admin listener that are registered after it. */
export const adminOpenapi = describing('admin-openapi', adminApi)

function describing(name: string, { title, description, problem, bearer, apiKey }: Description) {
  async function openapi(scope: FastifyInstance, { version }: { version: string }): Promise<void> {
    scope.addSchema(problem)
    await scope.register(swagger, {
      transform: describeRoute,
      openapi: {
        openapi: '3.1.0',
        info: { title, version, description },
        servers: [{ url: '/' }],
        components: {
          securitySchemes: {
            bearer: { type: 'http', scheme: 'bearer', description: bearer },
            ...(apiKey && {
              apiKey: { type: 'apiKey', in: 'header', name: 'X-API-KEY', description: apiKey }
            })
          }
        }
      },
      refResolver: {
        buildLocalReference: (json, _base, _fragment, index) => String(json.$id ?? `def-${index}`)
      }
    })
  }
  return fp(openapi, { name })
}

/** A route's schema as it is described, where that differs from how requests are validated. */
function describeRoute({ schema, url }: { schema?: FastifySchema; url: string }) {
  if (!schema?.querystring) return { schema: schema as FastifySchema, url }
  return { schema: { ...schema, querystring: describedQuery(schema.querystring as TSchema) }, url }
}
