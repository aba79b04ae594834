import type { Page } from '../../contract/pagination.ts'
import type { CliContext } from '../context.ts'
import type { OutputOptions } from '../input/options.ts'
import { type Column, table } from './table.ts'

/** Prints a result on standard output: as one line of JSON, or as `text` for people. */
export function print(context: CliContext, options: OutputOptions, result: unknown, text: string): void {
  context.stdout.write(options.json ? `${JSON.stringify(result)}\n` : text)
}

/** Prints a page of a list: `{"items": […], "next": …}`, or a table that ends in how to go on. `below` gives lines below a row. */
export function printPage<Row>(
  context: CliContext,
  options: OutputOptions,
  page: Page<Row>,
  columns: readonly Column<Row>[],
  below?: (row: Row) => string
): void {
  const more = page.next === null ? '' : `\nThere are more; go on with\n--cursor ${page.next}\n`
  print(context, options, page, table(columns, page.items, below) + more)
}
