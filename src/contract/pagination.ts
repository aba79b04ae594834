import { domainError } from './error-table.ts'

/** One page of a list. `next` is the cursor of the following page; null on the last. */
export type Page<T> = { readonly items: readonly T[]; readonly next: string | null }

/** At most `limit` items, from behind the position in `cursor`, or from the beginning. */
export type PageRequest = { readonly limit: number; readonly cursor?: string | undefined }

/** Makes a page of `rows`, read with one row more than the limit: that row only shows that there is a next page. */
export function toPage<Row>(
  rows: readonly Row[],
  limit: number,
  position: (row: Row) => readonly string[]
): Page<Row> {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  const next = rows.length > limit && last !== undefined ? encodeCursor(position(last)) : null
  return { items, next }
}

/** The position behind which a page begins, as `parts` values; null for the first page. Throws `cursor_invalid`. */
export function cursorPosition({ cursor }: PageRequest, parts: number): string[] | null {
  if (cursor === undefined) return null
  const values = Buffer.from(cursor, 'base64url').toString('utf8').split('\n')
  // Encoded again and compared: a cursor that was cut or edited must not count as another position.
  if (values.length !== parts || encodeCursor(values) !== cursor)
    throw domainError('cursor_invalid', 'the cursor is not one that a list gave')
  return values
}

function encodeCursor(values: readonly string[]): string {
  return Buffer.from(values.join('\n'), 'utf8').toString('base64url')
}
