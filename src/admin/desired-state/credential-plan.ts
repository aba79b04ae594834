import { domainError } from '../../contract/error-table.ts'
import {
  type ActiveCredential,
  type CredentialRows,
  findCredential,
  findVersion,
  nextVersion
} from '../../custody/manage/credential-rows.ts'
import { shownReference } from '../../custody/secrets/reference.ts'

/** One change of a credential. */
export type CredentialStep = {
  readonly credential: string
  readonly action: 'create' | 'change' | 'prune'
  /** The version that it will have, or had. */
  readonly version: number
  /** `sealed`, or a whole reference, to be shown by `shownReference`. Null where there is none. */
  readonly before: string | null
  readonly after: string | null
}

/** Why a prune leaves a credential; null for one that it removes. `users` gives a tenant that uses it, by credential. */
export function planCredential(
  records: CredentialRows,
  credential: string,
  source: string
): CredentialStep | null {
  const active = findCredential(records, credential)?.active
  const before = active === undefined ? null : (findVersion(records, credential, active)?.source ?? '')
  if (source === 'sealed') {
    requireSealed(before, credential)
    return null
  }
  // An export shows a command by its first word: written so, it stands for the current one.
  if (before !== null && (before === source || shownReference(before) === source)) return null
  requireWhole(source, credential)
  const action = before === null ? 'create' : 'change'
  return { credential, action, version: nextVersion(records, credential), before, after: source }
}

export function pruneCredential({ record: { name, active }, source }: ActiveCredential): CredentialStep {
  return { credential: name, action: 'prune', version: active, before: source, after: null }
}

/** Why a prune leaves a credential; null for one that it removes. `users` gives a tenant that uses it, by credential. */
export function whySpared(
  { record: { name }, source }: ActiveCredential,
  users: ReadonlyMap<string, string>
): string | null {
  const user = users.get(name)
  if (source === 'sealed')
    return `credential ${name} is sealed and stays: only credential remove ${name} takes a key away for ever`
  return user === undefined ? null : `credential ${name} stays: tenant ${user} uses it`
}

/** A file never holds a secret: a command that reads it elsewhere must have sealed it before. */
function requireSealed(source: string | null, name: string): void {
  if (source === null)
    throw domainError(
      'credential_not_found',
      `there is no sealed credential ${name}: seal its key first, by credential add ${name} --stdin`
    )
  if (source !== 'sealed')
    throw domainError(
      'credential_not_sealed',
      `credential ${name} is a reference: seal it by credential rotate ${name} --from … --seal`
    )
}

/** The end of a command that is shown by its first word. */
const cutEnd = ' …'

function requireWhole(source: string, name: string): void {
  if (source.startsWith('exec:') && source.endsWith(cutEnd) && shownReference(source) === source)
    throw domainError(
      'credential_reference_cut',
      `the command of credential ${name} is cut off, and matches no current one: write the whole command`
    )
}
