const quote = 0x22
const comma = 0x2c
const colon = 0x3a
const openBracket = 0x5b
const backslash = 0x5c
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d

const maxDepth = 64
/** JSON.parse takes half a second for a mebibyte of brackets, and a millisecond for a mebibyte of text. */
const mostMarks = 100_000

/**
 * Parses untrusted JSON. Undefined when it is invalid, has a duplicate member, more than 64 levels, or more than `maxMarks`
 * members and items.
 */
export function strictJson(text: string, maxMarks = mostMarks): unknown {
  const { names, marks, depth } = shapeOf(text)
  if (marks > maxMarks || depth > maxDepth) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return names > 1 && names !== countMembers(value) ? undefined : value
  } catch {
    return undefined
  }
}

/** Whether a JSON text, parsed as `value`, has a duplicate member: JSON.parse takes the last, other parsers the first. */
export function hasDuplicateMember(text: string, value: unknown): boolean {
  if (text.indexOf(':') === text.lastIndexOf(':')) return false
  return shapeOf(text).names !== countMembers(value)
}

type Shape = {
  /** Colons outside strings: in valid JSON, one for each member. */
  readonly names: number
  /** Commas and opening brackets outside strings. */
  readonly marks: number
  readonly depth: number
}

function shapeOf(text: string): Shape {
  let [names, marks, level, depth] = [0, 0, 0, 0]
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case quote:
        at = endOfString(text, at)
        break
      case colon:
        names++
        break
      case comma:
        marks++
        break
      case openBrace:
      case openBracket:
        marks++
        if (++level > depth) depth = level
        break
      case closeBrace:
      case closeBracket:
        level--
    }
  }
  return { names, marks, depth }
}

/** The index at which the string that begins at `start` ends. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === backslash) at++
    else if (code === quote) return at
  }
  return text.length
}

/** Counts the members of all objects. A loop, not a recursion: the sender chooses the depth. */
function countMembers(value: unknown): number {
  let members = 0
  const pending = isContainer(value) ? [value] : []
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (Array.isArray(next)) {
      for (const item of next) if (isContainer(item)) pending.push(item)
      continue
    }
    // Results of JSON.parse have no inherited enumerable members.
    for (const name in next) {
      members++
      const child = next[name]
      if (isContainer(child)) pending.push(child)
    }
  }
  return members
}

function isContainer(value: unknown): value is Record<string, unknown> | unknown[] {
  return typeof value === 'object' && value !== null
}
