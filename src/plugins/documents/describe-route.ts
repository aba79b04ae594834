import type { TSchema } from '@sinclair/typebox'
import type { FastifySchema } from 'fastify'
import { describedQuery } from '../../contract/page-schemas.ts'

/** For the description's maker: a route's schema as it is described, where that is not how it is judged. */
export function describeRoute({ schema, url }: { schema?: FastifySchema; url: string }) {
  if (!schema?.querystring) return { schema: schema as FastifySchema, url }
  return { schema: { ...schema, querystring: describedQuery(schema.querystring as TSchema) }, url }
}
