import { freshAddress } from '../http/fresh-address.ts'
import type { HttpAnswer } from '../http/http-answer.ts'
import { rawRequest } from '../http/raw-connection.ts'
import { type RequestParts, requestBytes } from '../http/request-bytes.ts'

/** A problem as an example shows it, or an answer holds it. */
type Body = Readonly<Record<string, unknown>>

/** A JSON schema, as far as these descriptions use it. */
export type DescribedSchema = {
  readonly type?: string
  readonly format?: string
  readonly description?: string
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, DescribedSchema>>
}
type Media = {
  readonly schema?: DescribedSchema
  readonly examples?: Readonly<Record<string, { readonly value: Body }>>
}
export type Content = Readonly<Record<string, Media>>
type Response = { readonly description: string; readonly content?: Content }

/** An operation as OpenAPI writes it. */
export type Described = {
  readonly operationId: string
  readonly summary: string
  readonly description?: string
  readonly security?: readonly object[]
  readonly parameters?: readonly {
    readonly in: string
    readonly name: string
    readonly description?: string
  }[]
  readonly requestBody?: { readonly content: Content }
  readonly responses: Readonly<Record<string, Response>>
}

/** One failure that a route is described with: its status, its code, and the example of it. */
export type DescribedFailure = { readonly status: number; readonly code: string; readonly example: Body }

/** A route of a description, with what tests ask about it. */
export type DescribedOperation = {
  readonly name: string
  readonly id: string
  readonly method: string
  readonly path: string
  readonly described: Described
  readonly takesBody: boolean
  readonly takesLimit: boolean
  readonly statuses: readonly number[]
  readonly failures: readonly DescribedFailure[]
}

/** All routes of a description, given as text. */
export function describedOperations(description: string): DescribedOperation[] {
  const { paths } = JSON.parse(description) as { paths: Record<string, Record<string, Described>> }
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => ({
      name: `${method.toUpperCase()} ${path}`,
      id: described.operationId,
      method: method.toUpperCase(),
      path,
      described,
      takesBody: described.requestBody !== undefined,
      takesLimit:
        described.parameters?.some(({ in: where, name }) => where === 'query' && name === 'limit') ?? false,
      statuses: Object.keys(described.responses).map(Number),
      failures: Object.entries(described.responses).flatMap(([status, response]) =>
        failuresOf(Number(status), response)
      )
    }))
  )
}

function failuresOf(status: number, { content }: Response): DescribedFailure[] {
  const examples = content?.['application/problem+json']?.examples ?? {}
  return Object.entries(examples).map(([code, { value: example }]) => ({ status, code, example }))
}

/** Provokes one failure of a route. */
export type Way = (operation: DescribedOperation) => Promise<HttpAnswer>

/** Sends one request, from an address of its own in this run, and returns its answer. */
export async function askOnce(port: number, parts: RequestParts): Promise<HttpAnswer> {
  const [answer] = await rawRequest(port, requestBytes(parts), { from: freshAddress() })
  if (answer === undefined) throw new Error('no answer')
  return answer
}

/** A problem without what differs from one to the next: ids, times, and how many seconds to wait. */
export function withoutChance(problem: Body): Body {
  const text = JSON.stringify(problem)
    .replace(/"request_id":"[^"]+"/g, '"request_id":"…"')
    .replace(/"retry_after":\d+/, '"retry_after":1')
    .replace(/\bkey [a-z2-7]{16} /i, 'key … ')
    .replace(/\brotate [a-z2-7]{16},/, 'rotate …,')
    .replace(/\bends at [0-9TZ:.-]+:/, 'ends at …:')
  return JSON.parse(text) as Body
}
