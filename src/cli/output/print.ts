import type { Page } from '../../contract/pagination.ts'
import type { ProcessContext } from '../context.ts'
import type { OutputOptions } from '../input/options.ts'
import { type Column, table } from './table.ts'

/** Prints a result on standard output: as one line of JSON, or as `text` for people. */
export function print(context: ProcessContext, options: OutputOptions, result: unknown, text: string): void {
  context.stdout.write(options.json ? `${JSON.stringify(result)}\n` : text)
}

/** A page of a list as a table that ends in how to continue. `below` gives lines below a row. */
export function pageText<Row>(
  { items, next }: Page<Row>,
  columns: readonly Column<Row>[],
  below?: (row: Row) => string
): string {
  const more = next === null ? '' : `\nThere are more; continue with\n--cursor ${next}\n`
  return table(columns, items, below) + more
}
