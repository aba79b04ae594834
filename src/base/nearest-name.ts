/** The name within two edits (a letter added, missing, wrong, or two exchanged), fewer for a short name, in any case; else null. */
export function nearestName(written: string, names: readonly string[]): string | null {
  if (written.length > longestName) return null
  const found = names
    .map(name => ({ name, edits: editsBetween(written.toUpperCase(), name.toUpperCase()) }))
    .filter(({ name, edits }) => edits <= Math.min(2, Math.floor(name.length / 3)))
    .sort((one, other) => one.edits - other.edits)
  return found[0]?.name ?? null
}

/** Bounds the work, which grows with the product of both lengths. */
const longestName = 100

/** The Damerau–Levenshtein distance, with each letter exchanged once at most. */
function editsBetween(one: string, other: string): number {
  let twoBefore: number[] = []
  let before = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (let row = 1; row <= one.length; row++) {
    const current = [row]
    for (let column = 1; column <= other.length; column++) {
      const differs = one[row - 1] === other[column - 1] ? 0 : 1
      const exchanged =
        row > 1 && column > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1]
      current[column] = Math.min(
        (before[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (before[column - 1] ?? 0) + differs,
        exchanged ? (twoBefore[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY
      )
    }
    twoBefore = before
    before = current
  }
  return before[other.length] ?? 0
}
