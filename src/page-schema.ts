import { type Static, type TSchema, Type } from '@sinclair/typebox'

/** The query members of every list. Texts, as all of a query: nothing is coerced. */
export const pageQuery = {
  limit: Type.Optional(
    Type.String({
      pattern: '^([1-9][0-9]?|100)$',
      description: 'a whole number from 1 to 100',
      examples: ['20']
    })
  ),
  cursor: Type.Optional(
    Type.String({
      pattern: '^[A-Za-z0-9_-]{1,512}$',
      description: 'the next of an earlier page of this list'
    })
  )
}

const defaultLimit = 20

/** Which page a query asks for. */
export function pageOf({ limit, cursor }: { limit?: string | undefined; cursor?: string | undefined }): {
  limit: number
  cursor: string | undefined
} {
  return { limit: limit === undefined ? defaultLimit : Number(limit), cursor }
}

/** The schema of a page of a list, as an answer with these headers. */
export function Page<T extends TSchema>(
  item: T,
  { description, headers }: { description: string; headers: Readonly<Record<string, object>> }
) {
  return Type.Object(
    {
      items: Type.Unsafe<readonly Static<T>[]>(Type.Array(item)),
      next: Type.Union([Type.String(), Type.Null()], {
        description: 'The cursor of the next page; null on the last.'
      })
    },
    { description, headers }
  )
}
