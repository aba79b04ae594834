import { type SelectQueryBuilder, type SqlBool, sql } from 'kysely'
import { cursorPosition, type Page, type PageRequest, toPage } from '../contract/pagination.ts'

/** One page of a query, in the order of `columns`, which together are unique. Throws cursor_invalid. */
export async function selectPage<Database, Table extends keyof Database, Row, Item>(
  query: SelectQueryBuilder<Database, Table, Row>,
  columns: readonly (keyof Row & string)[],
  request: PageRequest,
  toItem: (row: Row) => Item
): Promise<Page<Item>> {
  const order = columns.map(column => sql.ref(column))
  const after = cursorPosition(request, columns.length)
  const rest = after ? query.where(sql<SqlBool>`(${sql.join(order)}) > (${sql.join(after)})`) : query
  const rows = await rest
    .orderBy(sql`${sql.join(order)}`)
    .limit(request.limit + 1)
    .execute()
  const position = (row: Row) => columns.map(column => String(row[column]))
  const { items, next } = toPage(rows as Row[], request.limit, position)
  return { items: items.map(toItem), next }
}
