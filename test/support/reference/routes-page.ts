import { describeAdminApi, describeApi } from '../../../src/cli/commands/openapi.ts'
import { code, codes, page, table } from './markdown.ts'

type Schema = {
  readonly type?: string
  readonly description?: string
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly enum?: readonly string[]
  readonly format?: string
  readonly default?: unknown
}
type Content = Readonly<Record<string, { readonly schema?: Schema; readonly examples?: object }>>
type Operation = {
  readonly operationId: string
  readonly summary: string
  readonly description?: string
  readonly security?: readonly object[]
  readonly parameters?: readonly {
    readonly name: string
    readonly in: string
    readonly description?: string
    readonly required?: boolean
  }[]
  readonly requestBody?: { readonly content: Content }
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>
}
/** An operation of a description, with its method and its path as Fastify writes it. */
export type Route = { readonly name: string; readonly operation: Operation }

const problemType = 'application/problem+json'

/** The routes of both listeners, from the same schemas as the OpenAPI documents. */
export async function routesPage(version: string): Promise<string> {
  const [callers, administrators] = [
    routesOf(await describeApi(version)),
    routesOf(await describeAdminApi(version))
  ]
  const own = administrators.filter(({ name }) => !callers.some(other => other.name === name))
  return page(
    'Routes',
    'the routes (`src/routes/`)',
    `\`openapi/gateway.json\` and \`openapi/admin.json\` describe the same routes for programs. \`GET /docs\` and \`GET /openapi.json\` are
on the listener that \`GATEWAY_DOCS\` names. The health routes are on both listeners. [Problem codes](problems.md) says what
each code means.`,
    '## Public listener',
    `A caller sends its key as \`Authorization: Bearer KEY\` or as \`X-API-KEY: KEY\`, or the same key in both; a token or a client
certificate can replace it ([callers](../callers.md)). Every answer has an \`X-Request-Id\`. Where a limit applies,
\`RateLimit-Policy\` and \`RateLimit\` say how much is left, and \`Retry-After\` is in whole seconds, rounded up: a caller that
waits so long is not refused by that limit again.`,
    overview(callers, ({ security }) => (security ? 'a tenant' : 'anybody')),
    ...callers.flatMap(sectionOf),
    '## Admin listener',
    'Every route under `/admin` takes an admin key, in the same headers ([admin API](../admin-api.md)).',
    overview(own, operation => (isForOperators(operation) ? 'operator' : 'viewer')),
    ...own.flatMap(sectionOf)
  )
}

/** The routes in the text of a description. */
export function routesOf(description: string): Route[] {
  const { paths } = JSON.parse(description) as { paths: Record<string, Record<string, Operation>> }
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`,
      operation
    }))
  )
}

/** The problem codes that an operation can answer, by status. */
export function failuresOf({
  responses
}: Operation): { readonly status: string; readonly codes: string[] }[] {
  return Object.entries(responses)
    .map(([status, { content }]) => ({ status, codes: Object.keys(content?.[problemType]?.examples ?? {}) }))
    .filter(failure => failure.codes.length > 0)
}

/** Every admin route knows the caller's role: only those for operators refuse a viewer. */
function isForOperators(operation: Operation): boolean {
  return failuresOf(operation).some(failure => failure.codes.includes('permission_denied'))
}

function overview(routes: readonly Route[], whoMay: (operation: Operation) => string): string {
  const rows = routes.map(({ name, operation }) => [code(name), whoMay(operation), operation.summary])
  return table(['route', 'for', ''], rows)
}

function sectionOf({ name, operation }: Route): string[] {
  const inputs = [...parametersOf(operation), ...membersOf(operation.requestBody?.content)]
  const successes = Object.entries(operation.responses).filter(([status]) => status < '300')
  return [
    `### ${code(name)}`,
    [`${operation.summary} (${code(operation.operationId)}).`, operation.description]
      .filter(Boolean)
      .join(' '),
    ...(inputs.length > 0 ? [table(['input', 'in', ''], inputs)] : []),
    [
      ...successes.map(([status, { description }]) => `- ${status}: ${description}`),
      ...failuresOf(operation).map(failure => `- ${failure.status}: ${codes(failure.codes)}`)
    ].join('\n')
  ]
}

function parametersOf({ parameters = [] }: Operation): string[][] {
  return parameters.map(({ name, in: place, description = '' }) => [code(name), place, description])
}

function membersOf(content: Content = {}): string[][] {
  const { properties = {}, required = [] } = content['application/json']?.schema ?? {}
  return Object.entries(properties).map(([name, schema]) => [
    code(name),
    required.includes(name) ? 'body, required' : 'body',
    schema.description ?? schema.format ?? schema.type ?? ''
  ])
}
