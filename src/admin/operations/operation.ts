import type { Static, TObject, TProperties, TSchema } from '@sinclair/typebox'
import { Page, pageQuery } from '../../contract/page-schemas.ts'
import type { RefusalCode } from '../../contract/refusal-table.ts'

/**
 * What administrators can do over HTTP, declared once: the route, its description, and the types of the function in
 * `queries.ts` or `commands.ts` that does it are made from this. The command line shares its summary and that function.
 */
export type AdminOperation = {
  /** Below `/admin`. Parameters in the path are those of `PathParameters`. A POST creates something. */
  readonly route: `${'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'} /${string}`
  readonly summary: string
  readonly fromMemory?: true
  /** The members of the query of a list, with those of `pageQuery`. Other operations take no query. */
  readonly query?: TProperties
  readonly body?: TSchema
  /** The answer, with its description. */
  readonly result: TSchema
  /** Beside those of what the path names, which may not exist. */
  readonly refusals?: readonly RefusalCode[]
}

/** Who answers: a query the thread that reads, a command the thread that writes, the rest the memory of this process. */
export type OperationKind = 'query' | 'command' | 'memory'

/** The kind of an operation, as `kindOf` finds it. */
export type KindOf<O extends AdminOperation> = O extends { readonly fromMemory: true }
  ? 'memory'
  : O['route'] extends `GET ${string}`
    ? 'query'
    : 'command'

export function kindOf({ fromMemory, route }: AdminOperation): OperationKind {
  if (fromMemory) return 'memory'
  return route.startsWith('GET ') ? 'query' : 'command'
}

/** The operation that lists items a page at a time. */
export function list<Route extends `GET /${string}`, Item extends TSchema, Query extends TProperties>(
  route: Route,
  summary: string,
  item: Item,
  query = {} as Query
) {
  const result = Page(item, { description: 'One page of the list.' })
  return { route, summary, query: { ...query, ...pageQuery }, result, refusals: ['cursor_invalid'] } as const
}

/** The names of the parameters in a path. */
export type ParameterIn<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Name | ParameterIn<Rest>
  : Path extends `${string}:${infer Name}`
    ? Name
    : never

type BodyOf<O extends AdminOperation> = O extends { readonly body: infer Body extends TSchema }
  ? Static<Body>
  : unknown

/** A query with its page read: see `pageOf`. */
type QueryOf<O extends AdminOperation> = O extends { readonly query: infer Query extends TProperties }
  ? Omit<Static<TObject<Query>>, 'limit' | 'cursor'> & {
      readonly limit: number
      readonly cursor: string | undefined
    }
  : unknown

/** The members of the path, the query and the body, together. */
export type InputOf<O extends AdminOperation> = {
  readonly [N in ParameterIn<O['route']>]: string
} & QueryOf<O> &
  BodyOf<O>
export type ResultOf<O extends AdminOperation> = Static<O['result']>
