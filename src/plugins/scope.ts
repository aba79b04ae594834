import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify'

/** A Fastify scope whose handlers are typed by their TypeBox schemas. */
export type Scope = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>

/** One file in `routes/`: registers one resource on a scope, with the dependencies that it names. */
export type Route<Dependencies = void> = (scope: Scope, dependencies: Dependencies) => void
