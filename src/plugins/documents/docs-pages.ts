import assert from 'node:assert/strict'
import Fastify from 'fastify'

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

export type DocsPage = keyof typeof docsPageTypes

/**
 * All of these pages for an API description. Swagger UI's own plugin, which reads a file for each request, renders each once, in
 * an application that listens nowhere. Throws when a page is missing.
 */
export async function renderDocsPages(description: object): Promise<ReadonlyMap<DocsPage, Buffer>> {
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
