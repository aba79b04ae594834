/** What an entry can be searched by, besides its request and its time. */
export type Field = 'tenant' | 'key_id' | 'connector_id' | 'kind' | 'code' | 'outcome'

/** A value of a field, as one text. */
export type Term = `${Field}=${string}`

/** How a call, or a request that did not become one, ended. A call that has not ended has no outcome. */
export const outcomes = ['accepted', 'failed', 'unknown', 'rejected'] as const
export type Outcome = (typeof outcomes)[number]

/** The terms of an entry, from its canonical text. */
export function termsOf(text: string): Term[] {
  const terms: Term[] = []
  eachTerm(text, (field, value) => terms.push(`${field}=${value}`))
  return terms
}

/** A term in its parts. */
export function partsOf(term: Term): [field: Field, value: string] {
  const at = term.indexOf('=')
  return [term.slice(0, at) as Field, term.slice(at + 1)]
}

/**
 * Tells each term of an entry. A kind counts also as its families: `admin.tenant.create` is an `admin.tenant.*` and an
 * `admin.*`.
 */
export function eachTerm(text: string, tell: (field: Field, value: string) => void): void {
  const tenant = memberOf(text, 'tenant')
  if (tenant !== undefined) tell('tenant', tenant)
  const keyId = memberOf(text, 'key_id')
  if (keyId !== undefined) tell('key_id', keyId)
  const connectorId = memberOf(text, 'connector_id')
  if (connectorId !== undefined) tell('connector_id', connectorId)
  const code = memberOf(text, 'code')
  if (code !== undefined) tell('code', code)
  const kind = memberOf(text, 'kind') ?? ''
  tell('kind', kind)
  for (const family of familiesOf(kind)) tell('kind', family)
  if (kind === 'call.rejected') tell('outcome', 'rejected')
  else if (kind === 'call.outcome')
    tell('outcome', outcomeIn({ code, forwarded: memberOf(text, 'forwarded') }))
}

const families = new Map<string, readonly string[]>()

/** There are few kinds, each of many entries. */
function familiesOf(kind: string): readonly string[] {
  let known = families.get(kind)
  if (!known) {
    const parts = kind.split('.').slice(0, -1)
    known = parts.map((_, index) => `${parts.slice(0, index + 1).join('.')}.*`)
    families.set(kind, known)
  }
  return known
}

/** How a call ended, by the entry of its outcome. */
export function outcomeIn(entry: { code?: string | undefined; forwarded?: string | undefined }): Outcome {
  if (entry.code === 'accepted') return 'accepted'
  return entry.code === 'outcome_unknown' || entry.forwarded === 'unknown' ? 'unknown' : 'failed'
}

const labels = {
  at: '"at":"',
  code: '"code":"',
  connector_id: '"connector_id":"',
  forwarded: '"forwarded":"',
  key_id: '"key_id":"',
  kind: '"kind":"',
  request_id: '"request_id":"',
  tenant: '"tenant":"'
} as const

/**
 * A member of an entry that is a text, from its canonical text, several times faster than parsing it. Quotes inside a
 * value are escaped, so a label stands for a member's name alone; and no nested object has members of these names.
 */
export function memberOf(text: string, name: keyof typeof labels): string | undefined {
  const label = labels[name]
  const at = text.indexOf(label)
  if (at === -1) return undefined
  const from = at + label.length
  const value = text.slice(from, text.indexOf('"', from))
  // Rare: a value with an escape in it has to be read as JSON.
  return value.includes('\\') ? (JSON.parse(text) as Record<string, string>)[name] : value
}
