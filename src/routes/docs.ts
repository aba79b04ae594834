import assert from 'node:assert/strict'
import Fastify from 'fastify'
import { StaticDocument } from '../plugins/documents/static-document.ts'
import type { Route } from '../plugins/scope.ts'

const html = 'text/html; charset=utf-8'
const script = 'text/javascript; charset=utf-8'
const style = 'text/css; charset=utf-8'

/** The pages of Swagger UI that are served, by media type: what its page loads, and nothing else of its package. */
export const docsPageTypes = {
  '/docs': html,
  '/docs/': html,
  '/docs/yaml': 'application/x-yaml',
  '/docs/static/swagger-ui.css': style,
  '/docs/static/index.css': style,
  '/docs/static/swagger-ui-bundle.js': script,
  '/docs/static/swagger-ui-standalone-preset.js': script,
  '/docs/static/swagger-initializer.js': script,
  '/docs/static/favicon-32x32.png': 'image/png',
  '/docs/static/favicon-16x16.png': 'image/png'
} as const

type DocsPage = keyof typeof docsPageTypes

/** The pages load their own files and images in the style sheet. Swagger UI writes styles into elements. */
const contentSecurityPolicy = [
  ...["default-src 'none'", "script-src 'self'", "style-src 'self' 'unsafe-inline'", "img-src 'self' data:"],
  ...["connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"]
].join('; ')

export type DocsDependencies = {
  /** The description of the public API, made from its routes. */
  readonly describe: () => object
}

/** GET /openapi.json for programs, /docs for people: the description of the public API. */
export const docs: Route<DocsDependencies> = (scope, { describe }) => {
  function serve(path: string, document: StaticDocument): void {
    scope.get(path, { schema: { hide: true } }, function serveDocument(request, reply) {
      return document.answer(request, reply)
    })
  }

  const description = new StaticDocument({
    type: 'application/json; charset=utf-8',
    load: () => JSON.stringify(describe())
  })
  serve('/openapi.json', description)
  serve('/docs/json', description)

  const page = pagesOf(describe)
  for (const [path, type] of Object.entries(docsPageTypes) as [DocsPage, string][]) {
    const headers = type.startsWith('text/html') ? { 'content-security-policy': contentSecurityPolicy } : {}
    serve(path, new StaticDocument({ type, headers, load: () => page(path) }))
  }
}

/** All pages come from one rendering, which is repeated only after a failure. */
function pagesOf(describe: () => object): (path: DocsPage) => Promise<Buffer> {
  let rendering: ReturnType<typeof renderDocsPages> | null = null
  return async path => {
    rendering ??= renderDocsPages(describe()).catch(error => {
      rendering = null
      throw error
    })
    return (await rendering).get(path) as Buffer
  }
}

/**
 * All pages of Swagger UI for an API description. Swagger UI's own plugin, which reads a file for each request, renders each once, in
 * an application that listens nowhere. Throws when a page is missing.
 */
async function renderDocsPages(description: object): Promise<ReadonlyMap<DocsPage, Buffer>> {
  // Loaded on demand: most gateways never serve the pages.
  const [{ default: swagger }, { default: swaggerUi }] = await Promise.all([
    import('@fastify/swagger'),
    import('@fastify/swagger-ui')
  ])
  const ui = Fastify()
  try {
    await ui.register(swagger, { mode: 'static', specification: { document: description as never } })
    await ui.register(swaggerUi, { routePrefix: '/docs', uiConfig: { docExpansion: 'list' } })
    const pages = new Map<DocsPage, Buffer>()
    for (const path of Object.keys(docsPageTypes) as DocsPage[]) {
      const { statusCode, rawPayload } = await ui.inject({ method: 'GET', url: path })
      assert(statusCode === 200, `Swagger UI answered ${statusCode} for ${path}`)
      pages.set(path, rawPayload)
    }
    return pages
  } finally {
    await ui.close()
  }
}
