import { codes, folded, sign } from './folded-text.ts'

/** This many characters in a row that a text shares with a key are a part of the key. */
export const windowLength = 8

/** Four codes of six bits each: a window is two halves. */
const half = 0xff_ff_ff

/** All windows of a set of forms: their parts of eight characters. A hash table of exact values, which can be zeroed. */
export class WindowSet {
  /** Two halves a slot, the first plus one, as 0 marks a free slot. A taken slot moves a window to the next. */
  readonly #slots: Int32Array
  readonly #mask: number

  /** Leaves out the windows of `exceptions`. */
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

  /** How many characters in a row a text shares with a form, its signs read or left out; 0 for fewer than a window. */
  longestPart(text: Uint8Array, signs: 'with signs' | 'without signs'): number {
    const firstLeftOut = signs === 'with signs' ? codes : sign
    let [first, second, length, longest, inRow] = [0, 0, 0, 0, 0]
    // The same as `eachWindow`, without a function for each call.
    for (let index = 0; index < text.length; index++) {
      const code = folded[text[index] as number] as number
      if (code >= firstLeftOut) continue
      first = ((first << 6) | (second >>> 18)) & half
      second = ((second << 6) | code) & half
      if (++length < windowLength) continue
      inRow = this.has(first, second) ? inRow + 1 : 0
      if (inRow > longest) longest = inRow
    }
    return longest === 0 ? 0 : longest + windowLength - 1
  }

  has(first: number, second: number): boolean {
    const slots = this.#slots
    for (let at = this.#slotOf(first, second); slots[at * 2] !== 0; at = (at + 1) & this.#mask)
      if (slots[at * 2] === first + 1 && slots[at * 2 + 1] === second) return true
    return false
  }

  /** Zeroes the set: it is empty then. */
  erase(): void {
    this.#slots.fill(0)
  }

  #add(first: number, second: number): void {
    if (this.has(first, second)) return
    let at = this.#slotOf(first, second)
    while (this.#slots[at * 2] !== 0) at = (at + 1) & this.#mask
    this.#slots[at * 2] = first + 1
    this.#slots[at * 2 + 1] = second
  }

  #slotOf(first: number, second: number): number {
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
