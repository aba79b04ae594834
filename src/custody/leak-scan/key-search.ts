import { inspect } from 'node:util'
import { disguisedForms, publicPart, wholeForms, zero } from './key-forms.ts'
import { PatternAutomaton } from './pattern-automaton.ts'
import { beginsEscape, unescaped } from './unescaped.ts'
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
    const found = this.#whole.search(bytes, beginsEscape)
    return found === 'pattern' || (found === 'mark' && this.#whole.isIn(unescaped(bytes)))
  }

  /**
   * How many characters in a row a text shares with a form of a key, whatever signs separate them: 0 for fewer than eight, and
   * for the prefix of all keys; Infinity for a whole key. Takes linear time, and is meant for short texts.
   */
  partIn(text: string): number {
    const bytes = Buffer.from(text, 'utf8')
    const longest = this.#partIn(bytes)
    if (!mayBeEscaped.test(text)) return longest
    const readings = [unescaped(bytes), Buffer.from(text.replace(escapeMarks, ''), 'utf8')]
    return Math.max(longest, ...readings.map(reading => this.#partIn(reading)))
  }

  #partIn(text: Buffer): number {
    // A key may be shorter than a window of `WindowSet`.
    if (this.#whole.isIn(text)) return Number.POSITIVE_INFINITY
    if (text.length < windowLength) return 0
    return Math.max(
      this.#parts.longestPart(text, 'with signs'),
      this.#parts.longestPart(text, 'without signs')
    )
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
