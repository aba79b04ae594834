/** So many characters in a row that a text and a key have in common are a part of the key. */
export const windowLength = 8

/** Four characters of six bits each: a window is two of these. */
const half = 0xff_ff_ff

/**
 * The windows of a set of forms: all their parts of eight characters, each exactly, so that nothing is in the set by a
 * chance of its own. Texts are short, and each of their windows is looked up.
 */
export class WindowSet {
  /** Pairs of halves at the place that they are hashed to, or behind it. The first is one more than it is; 0 is free. */
  readonly #slots: Int32Array
  readonly #mask: number

  /** Parts of `exceptions` are left out. */
  constructor(forms: readonly Uint8Array[], exceptions?: WindowSet) {
    const windows = forms.reduce((sum, form) => sum + form.length, 0)
    const size = 1 << Math.ceil(Math.log2(Math.max(8, windows * 2)))
    this.#slots = new Int32Array(size * 2)
    this.#mask = size - 1
    for (const form of forms)
      eachWindow(form, (first, second) => {
        if (!exceptions?.has(first, second)) this.#add(first, second)
      })
  }

  /** How many characters in a row `text` has in common with a form, as codes; 0 for fewer than a window. */
  longestPart(text: Uint8Array): number {
    let [first, second, longest, inRow] = [0, 0, 0, 0]
    // The same as `eachWindow`, without a function for each call.
    for (let index = 0; index < text.length; index++) {
      first = ((first << 6) | (second >>> 18)) & half
      second = ((second << 6) | (text[index] as number)) & half
      if (index < windowLength - 1) continue
      inRow = this.has(first, second) ? inRow + 1 : 0
      if (inRow > longest) longest = inRow
    }
    return longest === 0 ? 0 : longest + windowLength - 1
  }

  has(first: number, second: number): boolean {
    const slots = this.#slots
    for (let at = this.#placeOf(first, second); slots[at * 2] !== 0; at = (at + 1) & this.#mask)
      if (slots[at * 2] === first + 1 && slots[at * 2 + 1] === second) return true
    return false
  }

  /** Zeroes the set: nothing is in it from then on. */
  erase(): void {
    this.#slots.fill(0)
  }

  #add(first: number, second: number): void {
    if (this.has(first, second)) return
    let at = this.#placeOf(first, second)
    while (this.#slots[at * 2] !== 0) at = (at + 1) & this.#mask
    this.#slots[at * 2] = first + 1
    this.#slots[at * 2 + 1] = second
  }

  #placeOf(first: number, second: number): number {
    const mixed = Math.imul(first ^ Math.imul(second, 0x9e3779b1), 0x85ebca6b)
    return (mixed ^ (mixed >>> 15)) & this.#mask
  }
}

function eachWindow(form: Uint8Array, visit: (first: number, second: number) => void): void {
  let [first, second] = [0, 0]
  for (const [index, code] of form.entries()) {
    first = ((first << 6) | (second >>> 18)) & half
    second = ((second << 6) | code) & half
    if (index >= windowLength - 1) visit(first, second)
  }
}
