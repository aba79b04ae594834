import { type Static, type TSchema, Type } from '@sinclair/typebox'

const limitPattern = '^([1-9][0-9]?|100)$'

/** The query members of every list. Texts, as all of a query: nothing is coerced. */
export const pageQuery = {
  limit: Type.Optional(
    Type.String({
      pattern: limitPattern,
      description: 'a whole number from 1 to 100'
    })
  ),
  cursor: Type.Optional(
    Type.String({
      pattern: '^[A-Za-z0-9_-]{1,512}$',
      description: 'the next of an earlier page of this list'
    })
  )
}

/** What is wrong with a limit that is none, in a problem. */
export const limitFault = { pointer: '/query/limit', detail: 'must be a whole number from 1 to 100' } as const

const defaultLimit = 20

/**
 * A query as a description shows it. A limit comes as text, and is judged as text; to whoever asks it is a number.
 */
export function describedQuery(query: TSchema): TSchema {
  const { limit } = query['properties'] ?? {}
  if (limit?.pattern !== limitPattern) return query
  const { description } = limit
  const number = {
    type: 'integer',
    minimum: 1,
    maximum: 100,
    default: defaultLimit,
    description,
    examples: [20]
  }
  return { ...query, properties: { ...query['properties'], limit: number } }
}

/** Which page a query asks for. */
export function pageOf({ limit, cursor }: { limit?: string | undefined; cursor?: string | undefined }): {
  limit: number
  cursor: string | undefined
} {
  return { limit: limit === undefined ? defaultLimit : Number(limit), cursor }
}

/** The schema of a page of a list, with the description of the answer and its headers. */
export function Page<T extends TSchema>(
  item: T,
  options: { description: string; headers?: Readonly<Record<string, object>> }
) {
  return Type.Object(
    {
      items: Type.Unsafe<readonly Static<T>[]>(Type.Array(item)),
      next: Type.Union([Type.String(), Type.Null()], {
        description: 'The cursor of the next page; null on the last.'
      })
    },
    options
  )
}
