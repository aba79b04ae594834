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
  eachTerm(searchedMembers(text), (field, value) => terms.push(`${field}=${value}`))
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
export function eachTerm(entry: SearchedMembers, tell: (field: Field, value: string) => void): void {
  const { tenant, key_id, connector_id, code, kind = '' } = entry
  if (tenant !== undefined) tell('tenant', tenant)
  if (key_id !== undefined) tell('key_id', key_id)
  if (connector_id !== undefined) tell('connector_id', connector_id)
  if (code !== undefined) tell('code', code)
  tell('kind', kind)
  for (const family of familiesOf(kind)) tell('kind', family)
  if (kind === 'call.rejected') tell('outcome', 'rejected')
  else if (kind === 'call.outcome') tell('outcome', outcomeIn(entry))
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

/**
 * How a member begins. With the comma before it: quotes are so many in an entry that looking for one first takes twice as
 * long. `at` alone may stand at the beginning.
 */
const labels = {
  at: '"at":"',
  code: ',"code":"',
  connector_id: ',"connector_id":"',
  forwarded: ',"forwarded":"',
  key_id: ',"key_id":"',
  kind: ',"kind":"',
  request_id: ',"request_id":"',
  tenant: ',"tenant":"'
} as const
type MemberName = keyof typeof labels

/** The members that an entry can be searched by, and those that terms are made from. */
export type SearchedMembers = { readonly [Name in MemberName]: string | undefined }

/** All of them, read on from one to the next: in canonical text they stand in the order of their names. */
export function searchedMembers(text: string): SearchedMembers {
  const reader = new MemberReader(text)
  return {
    at: reader.next('at'),
    code: reader.next('code'),
    connector_id: reader.next('connector_id'),
    forwarded: reader.next('forwarded'),
    key_id: reader.next('key_id'),
    kind: reader.next('kind'),
    request_id: reader.next('request_id'),
    tenant: reader.next('tenant')
  }
}

/** A member of an entry that is a text, from its canonical text, several times faster than parsing it. */
export function memberOf(text: string, name: MemberName): string | undefined {
  return new MemberReader(text).next(name)
}

/**
 * Quotes inside a value are escaped, so a label stands for a member's name alone; and no nested object has members of
 * these names.
 */
class MemberReader {
  readonly #text: string
  #from = 0

  constructor(text: string) {
    this.#text = text
  }

  /** The member of this name, if it follows what was read before. */
  next(name: MemberName): string | undefined {
    const label = labels[name]
    const at = this.#text.indexOf(label, this.#from)
    if (at === -1) return undefined
    const from = at + label.length
    this.#from = this.#text.indexOf('"', from)
    const value = this.#text.slice(from, this.#from)
    // Rare: a value with an escape in it has to be read as JSON.
    return value.includes('\\') ? (JSON.parse(this.#text) as Record<string, string>)[name] : value
  }
}
