import { type Static, type TSchema, Type } from '@sinclair/typebox'

const limitPattern = '^([1-9][0-9]?|100)$'
const limitInWords = 'a whole number from 1 to 100'

/** The query members of every list. Texts, as all of a query: nothing is coerced. */
export const pageQuery = {
  limit: Type.Optional(Type.String({ pattern: limitPattern, description: limitInWords })),
  cursor: Type.Optional(
    Type.String({
      pattern: '^[A-Za-z0-9_-]{1,512}$',
      description: 'the next of an earlier page of this list'
    })
  )
}

type PageQuery = { readonly limit?: string | undefined; readonly cursor?: string | undefined }

/** What a problem says of an invalid limit. */
export const limitFault = { pointer: '/query/limit', detail: `must be ${limitInWords}` } as const

const defaultLimit = 20

/** A query as the description shows it: a limit is validated as text, and to callers it is a number. */
export function describedQuery(query: TSchema): TSchema {
  const { limit } = query['properties'] ?? {}
  if (limit?.pattern !== limitPattern) return query
  const number = {
    type: 'integer',
    minimum: 1,
    maximum: 100,
    default: defaultLimit,
    description: limitInWords,
    examples: [defaultLimit]
  }
  return { ...query, properties: { ...query['properties'], limit: number } }
}

/** Which page a query asks for. */
export function pageOf({ limit, cursor }: PageQuery) {
  return { limit: Number(limit ?? defaultLimit), cursor }
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
