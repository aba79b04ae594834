import swagger from '@fastify/swagger'
import fp from 'fastify-plugin'
import { ProblemSchema } from '../../contract/schemas.ts'
import { describeRoute } from './describe-route.ts'

const description = `Triggers syncs of Bigdata.com connectors for internal services. Every failure is one
application/problem+json envelope; \`/problems\` says what each code means. Every answer has an X-Request-Id.`

const proofs = `A gateway key, cgw_…, or a signed token (JWT) of an issuer that the gateway is configured to trust. A key
may also be sent as X-API-KEY, or in both headers. Where the gateway speaks TLS, a client certificate that is mapped to a
tenant takes the place of either.`

/** Describes the routes of the public listener that are registered after it. */
export const openapi = fp<{ version: string }>(
  async function openapi(scope, { version }) {
    scope.addSchema(ProblemSchema)
    await scope.register(swagger, {
      transform: describeRoute,
      openapi: {
        openapi: '3.1.0',
        info: { title: 'connector-gateway', version, description },
        servers: [{ url: '/' }],
        components: {
          securitySchemes: {
            bearer: { type: 'http', scheme: 'bearer', description: proofs },
            apiKey: {
              type: 'apiKey',
              in: 'header',
              name: 'X-API-KEY',
              description: 'The same key, in the header that the upstream uses'
            }
          }
        }
      },
      refResolver: {
        buildLocalReference: (json, _base, _fragment, index) => String(json.$id ?? `def-${index}`)
      }
    })
  },
  { name: 'openapi' }
)
