import { describeAdminApi, describeApi } from '../../../src/cli/commands/openapi.ts'
import {
  type Content,
  type DescribedOperation,
  describedOperations
} from '../documents/described-operations.ts'
import { code, codes, page, table } from './markdown.ts'

/** The routes of both listeners, from the same schemas as the OpenAPI documents. */
export async function routesPage(version: string): Promise<string> {
  const callers = describedOperations(await describeApi(version))
  const administrators = describedOperations(await describeAdminApi(version))
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
    overview(callers, ({ described }) => (described.security ? 'a tenant' : 'anybody')),
    ...callers.flatMap(sectionOf),
    '## Admin listener',
    'Every route under `/admin` takes an admin key, in the same headers ([admin API](../admin-api.md)).',
    overview(own, operation => (isForOperators(operation) ? 'operator' : 'viewer')),
    ...own.flatMap(sectionOf)
  )
}

/** Every admin route knows the caller's role: only those for operators refuse a viewer. */
function isForOperators({ failures }: DescribedOperation): boolean {
  return failures.some(failure => failure.code === 'permission_denied')
}

function overview(
  routes: readonly DescribedOperation[],
  whoMay: (route: DescribedOperation) => string
): string {
  const rows = routes.map(route => [code(nameOf(route)), whoMay(route), route.described.summary])
  return table(['route', 'for', ''], rows)
}

function sectionOf(route: DescribedOperation): string[] {
  const { summary, description, parameters = [], requestBody, responses } = route.described
  const inputs = [
    ...parameters.map(({ name, in: place, description = '' }) => [code(name), place, description]),
    ...membersOf(requestBody?.content)
  ]
  const successes = Object.entries(responses).filter(([status]) => status < '300')
  const failures = Object.entries(Object.groupBy(route.failures, ({ status }) => status))
  return [
    `### ${code(nameOf(route))}`,
    [`${summary} (${code(route.id)}).`, description].filter(Boolean).join(' '),
    ...(inputs.length > 0 ? [table(['input', 'in', ''], inputs)] : []),
    [
      ...successes.map(([status, success]) => `- ${status}: ${success.description}`),
      ...failures.map(([status, group = []]) => `- ${status}: ${codes(group.map(failure => failure.code))}`)
    ].join('\n')
  ]
}

/** The method, and the path as Fastify writes it. */
function nameOf({ name }: DescribedOperation): string {
  return name.replaceAll(/\{(\w+)\}/g, ':$1')
}

function membersOf(content: Content = {}): string[][] {
  const { properties = {}, required = [] } = content['application/json']?.schema ?? {}
  return Object.entries(properties).map(([name, schema]) => [
    code(name),
    required.includes(name) ? 'body, required' : 'body',
    schema.description ?? schema.format ?? schema.type ?? ''
  ])
}
