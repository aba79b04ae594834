import { inspect } from 'node:util'
import { folded, sign } from './folded-text.ts'
import { disguisedForms, publicPart, wholeForms, zero } from './key-forms.ts'
import { PatternAutomaton } from './pattern-automaton.ts'
import { readingsOf } from './readings.ts'
import { WindowSet, windowLength } from './window-set.ts'

/** Escapes that have lost their first sign: `u005f`, `0x5f`, `x5f`. */
const escapeMarks = /u00|0?x/gi
const mayBeEscaped = /[%&\\x]|u00/i

/**
 * Searches answers for keys: any bytes for whole keys, short texts for parts of them. A search takes as long for many keys as
 * for one. It holds key material, which no printing shows and `erase` zeroes.
 */
export class KeySearch {
  readonly #whole: PatternAutomaton
  readonly #parts: WindowSet

  constructor(keys: readonly Uint8Array[]) {
    const whole = keys.flatMap(wholeForms)
    this.#whole = new PatternAutomaton(whole)
    const inPublic = new WindowSet(keys.map(publicPart).flatMap(disguisedForms))
    const disguised = keys.flatMap(disguisedForms)
    this.#parts = new WindowSet(disguised, inPublic)
    zero(whole)
    zero(disguised)
  }

  /** Whether bytes hold a whole key: plain, escaped, in hex or base64, or reversed. Takes linear time. */
  isIn(bytes: Buffer): boolean {
    return readingsOf(bytes).some(reading => this.#whole.isIn(reading))
  }

  /**
   * How many characters in a row a text shares with a form of a key, whatever signs separate them: 0 for fewer than eight, and
   * for the prefix of all keys; Infinity for a whole key. Takes linear time, and is meant for short texts.
   */
  partIn(text: string): number {
    const bytes = Buffer.from(text, 'utf8')
    const longest = this.#partIn(bytes)
    if (!mayBeEscaped.test(text)) return longest
    const readings = [...readingsOf(bytes), Buffer.from(text.replace(escapeMarks, ''), 'utf8')]
    return Math.max(longest, ...readings.map(reading => this.#partIn(reading)))
  }

  #partIn(text: Buffer): number {
    // A key may be shorter than a window of `WindowSet`.
    if (this.#whole.isIn(text)) return Number.POSITIVE_INFINITY
    if (text.length < windowLength) return 0
    const codes = new Uint8Array(text.length)
    for (let index = 0; index < text.length; index++) codes[index] = folded[text[index] as number] as number
    const longest = this.#parts.longestPart(codes)
    // In place: no code is written before it has been read.
    let length = 0
    for (let index = 0; index < codes.length; index++) {
      const code = codes[index] as number
      if (code < sign) codes[length++] = code
    }
    if (length === codes.length) return longest
    return Math.max(longest, this.#parts.longestPart(codes.subarray(0, length)))
  }

  erase(): void {
    this.#whole.erase()
    this.#parts.erase()
  }

  toJSON(): string {
    return 'keys'
  }

  [inspect.custom](): string {
    return 'KeySearch'
  }
}
