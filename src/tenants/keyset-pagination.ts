import { type RawBuilder, type SqlBool, sql } from 'kysely'
import { type PageRequest, positionOf } from '../contract/pagination.ts'

/**
 * The condition on rows of a list in the order of `created_at` and `id` that come on the page asked for, or on a later one.
 * Throws Refusal: cursor_invalid.
 */
export function fromPage(request: PageRequest): RawBuilder<SqlBool> {
  const [createdAt = '', id = ''] = positionOf(request, 2) ?? []
  return sql`(created_at, id) > (${createdAt}, ${id})`
}

/** Where such a row stands in that order. */
export function placeInTime(row: { readonly created_at: string; readonly id: string }): readonly string[] {
  return [row.created_at, row.id]
}
