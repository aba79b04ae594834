import { inspect } from 'node:util'
import { readingsOf } from './foreign-text.ts'
import { wholeForms, zero } from './key-forms.ts'
import { PatternAutomaton } from './pattern-automaton.ts'

/**
 * Looks for keys in what comes from outside. Made of the
 * forms of all keys at once, so that a search takes as long for many keys as for one. What it holds is key material, which
 * no printing shows and `erase` zeroes.
 */
export class KeySearch {
  readonly #whole: PatternAutomaton

  constructor(keys: readonly Uint8Array[]) {
    const whole = keys.flatMap(wholeForms)
    this.#whole = new PatternAutomaton(whole)
    zero(whole)
  }

  /** Whether bytes hold a whole key: plain, escaped, in hex or base64, or reversed. Linear in their number. */
  isIn(bytes: Buffer): boolean {
    return readingsOf(bytes).some(reading => this.#whole.isIn(reading))
  }

  erase(): void {
    this.#whole.erase()
  }

  toJSON(): string {
    return 'keys'
  }

  [inspect.custom](): string {
    return 'KeySearch'
  }
}
