import { codes, folded } from './folded-text.ts'

/** The entry of the table behind the last code of a pattern. */
const found = -1
const noMarks = new Uint8Array(256)

/**
 * Finds any of many patterns in one pass (Aho and Corasick): one step a byte, whatever the patterns and the bytes are.
 * Patterns are codes; the bytes of a text are folded on the way.
 */
export class PatternAutomaton {
  /** One row of `codes` entries for each state: where the row of the next state begins. */
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
        // A shorter pattern is found before.
        if (entry === found) break
        if (isLast) tree[row + code] = found
        else if (entry === 0) tree[row + code] = rows++ * codes
        row = tree[row + code] as number
      }
    }
    fillFallbacks(tree)
    this.#next = tree
  }

  isIn(text: Uint8Array): boolean {
    return this.search(text, noMarks) === 'pattern'
  }

  /** Looks for the patterns, and for bytes that a table marks with 1, in one pass. A pattern comes before any mark. */
  search(text: Uint8Array, marks: Uint8Array): 'pattern' | 'mark' | 'nothing' {
    const next = this.#next
    let state = 0
    let mark = 0
    for (let index = 0; index < text.length; index++) {
      const byte = text[index] as number
      mark |= marks[byte] as number
      state = next[state + (folded[byte] as number)] as number
      if (state === found) return 'pattern'
    }
    return mark === 0 ? 'nothing' : 'mark'
  }

  /** Zeroes the patterns: nothing is found any more. */
  erase(): void {
    this.#next.fill(0)
  }
}

/**
 * Fills in the fallbacks: a text that leaves a pattern goes on in the state of its longest suffix that begins a pattern. Rows
 * are filled in the order of their depth, so that those of shorter suffixes are complete.
 */
function fillFallbacks(tree: Int32Array): void {
  const fallbacks = new Map<number, number>([[0, 0]])
  const pending = [0]
  for (const row of pending) {
    const fallback = fallbacks.get(row) as number
    for (let code = 0; code < codes; code++) {
      const entry = tree[row + code] as number
      const elsewhere = row === 0 ? 0 : (tree[fallback + code] as number)
      if (entry > 0 && elsewhere === found) tree[row + code] = found
      else if (entry > 0) {
        fallbacks.set(entry, elsewhere)
        pending.push(entry)
      } else if (entry === 0) tree[row + code] = elsewhere
    }
  }
}
