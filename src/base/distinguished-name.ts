import { isUtf8 } from 'node:buffer'

/**
 * A distinguished name (RFC 4514, most specific part first) in canonical form: without regard to the case of types, spaces around
 * `,` `+` `=`, and order within a multi-valued part. Null for any other text.
 */
export function normalName(text: string): string | null {
  const names = split(text, ',').map(relative => split(relative, '+').map(attributeOf))
  if (names.some(attributes => attributes.includes(null))) return null
  return JSON.stringify(names.map(attributes => attributes.sort()))
}

/** The same of a subject as Node prints it: least specific part first, one a line. Null when empty. */
export function normalSubject(subject: string | undefined): string | null {
  return subject ? normalName(subject.split('\n').reverse().join(',')) : null
}

/** Splits at unescaped separators. */
function split(text: string, separator: ',' | '+'): string[] {
  const parts = ['']
  for (const [token] of text.matchAll(/\\[\s\S]|[\s\S]|\\$/gu)) {
    if (token === separator) parts.push('')
    else parts.push(parts.pop() + token)
  }
  return parts
}

/** A type: a short name, or an object identifier. */
const attribute = /^ *([A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)+) *= *(.*)$/su

function attributeOf(text: string): string | null {
  const [, type, escaped] = attribute.exec(text) ?? []
  if (type === undefined || escaped === undefined) return null
  const value = unescaped(withoutTrailingSpaces(escaped))
  return value === null ? null : `${type.toUpperCase()}=${value}`
}

function withoutTrailingSpaces(escaped: string): string {
  let end = escaped.length
  // A loop: a pattern would search for the end from each space of a long run.
  while (end > 0 && escaped[end - 1] === ' ') end--
  const bare = escaped.slice(0, end)
  // An escaped space is part of the value, also at the end.
  return /(?:^|[^\\])(?:\\\\)*\\$/.test(bare) && bare.length < escaped.length ? `${bare} ` : bare
}

const special = /^[ "#+,;<=>\\]$/

/** The value without its escapes; null when it is empty, in hex (`#…`), or holds what should be escaped. */
function unescaped(escaped: string): string | null {
  if (escaped === '' || escaped.startsWith('#')) return null
  const bytes: Buffer[] = []
  for (const [token, hex, sign] of escaped.matchAll(/\\(?:([0-9A-Fa-f]{2})|([\s\S]?))|[\s\S]/gu)) {
    if (hex !== undefined) bytes.push(Buffer.from(hex, 'hex'))
    else if (sign !== undefined && special.test(sign)) bytes.push(Buffer.from(sign))
    else if (sign === undefined && !/^["+,;<>\\]$/.test(token)) bytes.push(Buffer.from(token))
    else return null
  }
  const joined = Buffer.concat(bytes)
  return isUtf8(joined) ? joined.toString('utf8') : null
}
