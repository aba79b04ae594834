import { truncate } from './table.ts'

/** Columns that a terminal is sure to have. */
const columns = 100

/** A line as lines of at most 100 columns, broken at spaces, the further ones indented. A longer word is cut. */
export function wrap(line: string, indent: number): string[] {
  const lines: string[] = []
  let rest = line
  while (rest.length > columns) {
    const from = rest.search(/\S/)
    const space = rest.slice(0, columns + 1).lastIndexOf(' ')
    const end = space > from ? space : rest.indexOf(' ', from) === -1 ? rest.length : rest.indexOf(' ', from)
    lines.push(truncate(rest.slice(0, end), columns))
    if (end === rest.length) return lines
    rest = ' '.repeat(indent) + rest.slice(end + 1)
  }
  return [...lines, rest]
}
