import fp from 'fastify-plugin'
import { Problem } from '../contract/problem.ts'

/**
 * Answers an unknown path with 404, and a known one with another method with 405 and `Allow`, where Fastify would answer 404 to
 * both. It does so before any body is read, and knows the routes that are registered after it.
 */
export const notFound = fp(
  async function notFound(scope) {
    const methodsByUrl = new Map<string, Set<string>>()
    scope.addHook('onRoute', function noteRoute({ url, method }) {
      const methods = methodsByUrl.get(url) ?? new Set()
      for (const one of [method].flat()) methods.add(one)
      methodsByUrl.set(url, methods)
    })

    let known: KnownPath[] = []
    scope.addHook('onReady', async function compilePatterns() {
      known = [...methodsByUrl].map(([url, methods]) => ({
        pattern: patternOf(url),
        allow: [...methods].sort().join(', ')
      }))
    })

    scope.addHook('onRequest', function refuseUnknownRoute(request, _reply, done) {
      if (!request.is404) return done()
      const path = request.url.split('?', 1)[0] as string
      const match = known.find(({ pattern }) => pattern.test(path))
      done(
        match
          ? new Problem('method_not_allowed', { headers: { allow: match.allow } })
          : new Problem('route_not_found')
      )
    })

    // Fastify's own handler would repeat the path.
    scope.setNotFoundHandler(function refuseUnknownPath() {
      throw new Problem('route_not_found')
    })
  },
  { name: 'not-found', dependencies: ['problem-envelope'] }
)

type KnownPath = { pattern: RegExp; allow: string }

/** A route's URL as a pattern: `:name` is one segment, a final `*` is the rest. */
function patternOf(url: string): RegExp {
  const source = url
    .split('/')
    .map(segment => (segment.startsWith(':') ? '[^/]+' : segment === '*' ? '.*' : RegExp.escape(segment)))
    .join('/')
  return new RegExp(`^${source}$`)
}
