import type { Static, TObject, TProperties, TSchema } from '@sinclair/typebox'
import type { RefusalCode } from '../../contract/refusal-table.ts'

/**
 * What administrators can do over HTTP, declared once: the route, its description, and the types of the function in
 * `queries.ts` or `commands.ts` that does it are made from this. The command line shares its summary and that function.
 */
export type AdminOperation = {
  /** Who answers: a query the thread that reads, a command the thread that writes, the rest the memory of this process. */
  readonly kind: 'query' | 'command' | 'memory'
  /** Below `/admin`. Parameters in the path are those of `PathParameters`. */
  readonly route: `${'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'} /${string}`
  readonly summary: string
  /** The members of the query of a list, with those of `pageQuery`. Other operations take no query. */
  readonly query?: TProperties
  readonly body?: TSchema
  /** The answer: 201 when something is `created`, else 200. Its description is that of the answer. */
  readonly result: TSchema
  readonly created?: true
  readonly refusals?: readonly RefusalCode[]
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
