import { type DocsPage, docsPageTypes, renderDocsPages } from '../plugins/documents/docs-pages.ts'
import { StaticDocument } from '../plugins/documents/static-document.ts'
import type { Route } from '../plugins/scope.ts'

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
    rendering ??= renderDocsPages(describe())
    try {
      return (await rendering).get(path) as Buffer
    } catch (error) {
      rendering = null
      throw error
    }
  }
}
