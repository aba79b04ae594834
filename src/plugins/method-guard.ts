import { METHODS } from 'node:http'
import type { FastifyInstance, FastifySchema } from 'fastify'
import { Problem } from '../problems.ts'

/** Every method that Node's parser lets through, but CONNECT, which never becomes a request. */
const everyMethod = METHODS.filter(method => method !== 'CONNECT')

/**
 * Makes a known path refuse unknown methods with 405 and `Allow`, where Fastify would answer 404. Call it before any
 * route is registered; call what it returns after the last one.
 */
export function watchMethods(scope: FastifyInstance): () => void {
  const methodsByUrl = new Map<string, Set<string>>()
  for (const method of everyMethod) if (!scope.supportedMethods.includes(method)) scope.addHttpMethod(method)
  scope.addHook('onRoute', ({ url, method }) => {
    const methods = methodsByUrl.get(url) ?? new Set()
    for (const one of [method].flat()) methods.add(one)
    methodsByUrl.set(url, methods)
  })
  return function refuseOtherMethods() {
    for (const [url, allowed] of [...methodsByUrl]) {
      const headers = { allow: [...allowed].sort().join(', ') }
      scope.route({
        url,
        method: everyMethod.filter(method => !allowed.has(method)),
        schema: { hide: true } as FastifySchema,
        // Before any body is read: there is nothing that this method could want with it.
        onRequest: (_request, _reply, done) => done(new Problem('method_not_allowed', { headers })),
        handler: () => {
          throw new Problem('method_not_allowed', { headers })
        }
      })
    }
  }
}
