/** One column: its heading and a row's text in it. */
export type Column<Row> = readonly [heading: string, text: (row: Row) => string]

/** Rows under headings, columns two spaces apart, each as wide as its widest cell; `below` gives lines below a row. Ends in a line break. */
export function table<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  below: (row: Row) => string = () => ''
): string {
  const lines = [
    columns.map(([heading]) => heading),
    ...rows.map(row => columns.map(([, text]) => text(row)))
  ]
  const widths = columns.map((_, column) => Math.max(...lines.map(line => line[column]?.length ?? 0)))
  const [heading = '', ...texts] = lines.map(line =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  )
  return `${heading}\n${rows.map((row, index) => `${texts[index]}\n${below(row)}`).join('')}`
}

/** Names and values, one pair a line, values under each other. */
export function keyValueLines(pairs: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...pairs.map(([name]) => name.length))
  return pairs.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join('')
}

/** An RFC 3339 time to the second, or a dash. */
export function shortTime(at: string | null): string {
  return at === null ? '-' : at.replace(/\.\d+Z$/, 'Z')
}

/** A text of at most `width` characters: what is longer ends in an ellipsis. */
export function truncate(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text
}

/** A number and its noun: `1 tenant`, `2 tenants`, `3 entries`. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`
}
