import { codes, folded } from './folded-text.ts'

/** An entry of the table that says that a pattern has been found. */
const found = -1

/**
 * Finds any of many patterns in one pass (Aho and Corasick): each byte costs one step, however many patterns there are
 * and whatever the bytes are. Patterns are codes, texts are bytes that are folded on the way.
 */
export class PatternAutomaton {
  /** For each state a row of `codes` entries: where the row of the next state begins. */
  readonly #next: Int32Array

  constructor(patterns: readonly Uint8Array[]) {
    const states = patterns.reduce((sum, pattern) => sum + pattern.length, 1)
    const tree = new Int32Array(states * codes)
    let rows = 1
    for (const pattern of patterns) {
      let row = 0
      for (const [index, code] of pattern.entries()) {
        const isLast = index === pattern.length - 1
        const entry = tree[row + code] as number
        // Behind a pattern that has been found nothing is looked for.
        if (entry === found) break
        if (isLast) tree[row + code] = found
        else if (entry === 0) tree[row + code] = rows++ * codes
        row = tree[row + code] as number
      }
    }
    followShorterEnds(tree)
    this.#next = tree
  }

  isIn(text: Uint8Array): boolean {
    const next = this.#next
    let state = 0
    for (let index = 0; index < text.length; index++) {
      state = next[state + (folded[text[index] as number] as number)] as number
      if (state === found) return true
    }
    return false
  }

  /** Zeroes the patterns: nothing is found from then on. */
  erase(): void {
    this.#next.fill(0)
  }
}

/**
 * Fills in where a text goes on that leaves a pattern: with the longest end of what was read that begins a pattern.
 * Rows are taken in the order of their depth, so that those of shorter ends are complete.
 */
function followShorterEnds(tree: Int32Array): void {
  const shorter = new Map<number, number>([[0, 0]])
  const pending = [0]
  for (const row of pending) {
    const end = shorter.get(row) as number
    for (let code = 0; code < codes; code++) {
      const entry = tree[row + code] as number
      const elsewhere = row === 0 ? 0 : (tree[end + code] as number)
      if (entry > 0 && elsewhere === found) tree[row + code] = found
      else if (entry > 0) {
        shorter.set(entry, elsewhere)
        pending.push(entry)
      } else if (entry === 0) tree[row + code] = elsewhere
    }
  }
}
