import { freshAddress } from '../http/fresh-address.ts'
import type { HttpAnswer } from '../http/http-answer.ts'
import { rawRequest } from '../http/raw-connection.ts'
import { type RequestParts, requestBytes } from '../http/request-bytes.ts'

/** A problem as an example shows it, or an answer holds it. */
type Body = Readonly<Record<string, unknown>>

type Media = { readonly examples?: Readonly<Record<string, { readonly value: Body }>> }
type Response = { readonly content?: Readonly<Record<string, Media>> }
type Described = {
  readonly operationId: string
  readonly parameters?: readonly { readonly in: string; readonly name: string }[]
  readonly requestBody?: object
  readonly responses: Readonly<Record<string, Response>>
}

/** One failure that a route is described with: its status, its code, and the example of it. */
export type DescribedFailure = { readonly status: number; readonly code: string; readonly example: Body }

/** A route as a description has it. */
export type DescribedOperation = {
  readonly name: string
  readonly id: string
  readonly method: string
  readonly path: string
  readonly takesBody: boolean
  readonly takesLimit: boolean
  readonly statuses: readonly number[]
  readonly failures: readonly DescribedFailure[]
}

/** All routes of a description, as text. */
export function describedOperations(description: string): DescribedOperation[] {
  const { paths } = JSON.parse(description) as { paths: Record<string, Record<string, Described>> }
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => ({
      name: `${method.toUpperCase()} ${path}`,
      id: described.operationId,
      method: method.toUpperCase(),
      path,
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

/** Asks a route in one of the ways in which it fails. */
export type Way = (operation: DescribedOperation) => Promise<HttpAnswer>

/** Sends one request, from an address that nobody else in this run has, and returns its answer. */
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
