/**
 * Canonical JSON (RFC 8785): members sorted by name, no white space, ECMAScript's own number and string forms. Undefined
 * members are left out. Entries hold ASCII names and no lone surrogates, so JSON.stringify's escapes and UTF-16 sorting
 * are the canonical ones.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  const object = value as Record<string, unknown>
  const members = Object.keys(object)
    .filter(name => object[name] !== undefined)
    .sort()
    .map(name => `${JSON.stringify(name)}:${canonicalJson(object[name])}`)
  return `{${members.join(',')}}`
}
