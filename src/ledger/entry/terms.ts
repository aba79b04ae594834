/** What an entry can be searched by, besides its request and its time. */
export type Field = 'tenant' | 'key_id' | 'connector_id' | 'kind' | 'code' | 'outcome'

/** A value to search for. */
export type Term = readonly [field: Field, value: string]

/** How a call, or a request that was refused before any call, ended. An open call has no outcome. */
export const outcomes = ['accepted', 'failed', 'unknown', 'rejected'] as const
export type Outcome = (typeof outcomes)[number]

/** Calls `visit` with each term of an entry. `admin.tenant.create` has the families `admin.*` and `admin.tenant.*`. */
export function eachTerm(entry: SearchedMembers, visit: (field: Field, value: string) => void): void {
  const { tenant, key_id, connector_id, code, kind = '' } = entry
  if (tenant !== undefined) visit('tenant', tenant)
  if (key_id !== undefined) visit('key_id', key_id)
  if (connector_id !== undefined) visit('connector_id', connector_id)
  if (code !== undefined) visit('code', code)
  visit('kind', kind)
  for (const family of familiesOf(kind)) visit('kind', family)
  const outcome = outcomeOf(entry)
  if (outcome !== undefined) visit('outcome', outcome)
}

/** What an entry has of a field, by its text. */
export function fieldIn(text: string, field: Field): string | undefined {
  return field === 'outcome' ? outcomeOf(searchedMembers(text)) : memberOf(text, field)
}

function outcomeOf(entry: SearchedMembers): Outcome | undefined {
  if (entry.kind === 'call.rejected') return 'rejected'
  return entry.kind === 'call.outcome' ? outcomeIn(entry) : undefined
}

/** Remembered: there are few kinds, and many entries of each. */
const families = new Map<string, readonly string[]>()

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

/** The members that terms are made from, and those that are searched by other means. */
const memberNames = [
  'at',
  'code',
  'connector_id',
  'forwarded',
  'key_id',
  'kind',
  'request_id',
  'tenant'
] as const
type MemberName = (typeof memberNames)[number]

/** How each begins: with the comma before it, as looking for a quote first takes twice as long. `at` may be the first. */
const labels = Object.fromEntries(
  memberNames.map(name => [name, name === 'at' ? '"at":"' : `,"${name}":"`])
) as Readonly<Record<MemberName, string>>

export type SearchedMembers = { readonly [Name in MemberName]: string | undefined }

/** Reads all searched members in one pass: in canonical text they stand in the order of their names. */
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

/** A member of an entry that is a string, from its canonical text, several times faster than parsing it. */
export function memberOf(text: string, name: MemberName): string | undefined {
  return new MemberReader(text).next(name)
}

/** A label stands at its member alone: quotes inside a value are escaped, and no nested object has members of these names. */
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
    // Rare: a value with an escape in it must be read as JSON.
    return value.includes('\\') ? (JSON.parse(this.#text) as Record<string, string>)[name] : value
  }
}
