/** A stream of numbers that depends on nothing but its seed and name. */
export type SeededRandom = {
  /** From 0 up to, not including, 1. */
  next(): number
  /** A whole number from 0 up to, not including, `below`. */
  integer(below: number): number
  /** Lower-case hexadecimal digits. */
  hex(digits: number): string
}

/**
 * One stream per (seed, name): what is drawn for one purpose does not shift what is drawn for another.
 * The generator is mulberry32, started at the FNV-1a hash of the name mixed with the seed.
 */
export function seededRandom(seed: number, name: string): SeededRandom {
  let state = 0x811c9dc5
  for (const character of `${seed}:${name}`) {
    state = Math.imul(state ^ (character.codePointAt(0) ?? 0), 0x01000193)
  }
  function next(): number {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
  const integer = (below: number) => Math.floor(next() * below)
  function hex(digits: number): string {
    let text = ''
    while (text.length < digits) text += integer(65536).toString(16).padStart(4, '0')
    return text.slice(0, digits)
  }
  return { next, integer, hex }
}

/** A UUID of version 4, drawn from the stream. */
export function uuid4(random: SeededRandom): string {
  const digits = random.hex(31)
  return dashed(`${digits.slice(0, 12)}4${digits.slice(12, 15)}${variant(random)}${digits.slice(15, 30)}`)
}

/** A UUID of version 7 for the given time in milliseconds: what the upstream's connector ids look like. */
export function uuid7(random: SeededRandom, atMs: number): string {
  const time = atMs.toString(16).padStart(12, '0')
  return dashed(`${time}7${random.hex(3)}${variant(random)}${random.hex(15)}`)
}

function variant(random: SeededRandom): string {
  return '89ab'.charAt(random.integer(4))
}

function dashed(digits: string): string {
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
