import { domainError } from '../../contract/error-table.ts'
import { type CredentialRows, findVersion, nextVersion } from '../../custody/manage/credential-rows.ts'
import { shownReference } from '../../custody/secrets/reference.ts'

/** Where the key of each named credential comes from: `sealed` (it is in the store already), or a reference. */
export type DesiredSources = ReadonlyMap<string, string>

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

export type CredentialPlan = {
  readonly steps: readonly CredentialStep[]
  readonly unchanged: number
  /** Unnamed credentials that stay. The one that follows a setting does not count: it is not the store's own. */
  readonly unnamed: number
  readonly warnings: readonly string[]
}

type Current = {
  readonly name: string
  readonly active: number
  readonly source: string
  readonly follows: boolean
}

/**
 * Plans the way from the current credentials to the desired ones. With `users` it prunes unnamed credentials: `users` gives,
 * of each credential in use, a tenant that uses it. Throws credential_not_found, credential_not_sealed or
 * credential_reference_cut for what takes a secret that a file never holds.
 */
export function planCredentials(
  records: CredentialRows,
  desired: DesiredSources,
  users: ReadonlyMap<string, string> | null
): CredentialPlan {
  const current = currentCredentials(records)
  const named = [...desired].flatMap(
    ([name, source]) => stepTo(records, current.get(name), name, source) ?? []
  )
  const unnamed = [...current.values()].filter(({ name, follows }) => !follows && !desired.has(name))
  const warnings = users ? unnamed.flatMap(credential => whySpared(credential, users) ?? []) : []
  const pruned = users
    ? unnamed.filter(credential => whySpared(credential, users) === null).map(pruneStep)
    : []
  return {
    steps: [...named, ...pruned].sort((one, other) => (one.credential < other.credential ? -1 : 1)),
    unchanged: desired.size - named.length,
    unnamed: unnamed.length - pruned.length,
    warnings
  }
}

/** Credentials by name, without those that were removed. */
function currentCredentials(records: CredentialRows): ReadonlyMap<string, Current> {
  return new Map(
    records.credentials
      .filter(({ removed_at }) => removed_at === null)
      .map(({ name, active, follows_setting }) => {
        const source = findVersion(records, name, active)?.source ?? ''
        return [name, { name, active, source, follows: follows_setting === 1 }]
      })
  )
}

function stepTo(
  records: CredentialRows,
  current: Current | undefined,
  credential: string,
  source: string
): CredentialStep | null {
  if (source === 'sealed') {
    requireSealed(current, credential)
    return null
  }
  // An export shows a command by its first word: written so, it stands for the current one.
  if (current && (current.source === source || shownReference(current.source) === source)) return null
  requireWhole(source, credential)
  const action = current ? 'change' : 'create'
  const version = nextVersion(records, credential)
  return { credential, action, version, before: current?.source ?? null, after: source }
}

/** A file never holds a secret: a command that reads it elsewhere must have sealed it before. */
function requireSealed(current: Current | undefined, name: string): void {
  if (!current)
    throw domainError(
      'credential_not_found',
      `there is no sealed credential ${name}: seal its key first, by credential add ${name} --stdin`
    )
  if (current.source !== 'sealed')
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

/** Why a prune leaves a credential; null for one that it removes. */
function whySpared({ name, source }: Current, users: ReadonlyMap<string, string>): string | null {
  const user = users.get(name)
  if (source === 'sealed')
    return `credential ${name} is sealed and stays: only credential remove ${name} takes a key away for ever`
  return user === undefined ? null : `credential ${name} stays: tenant ${user} uses it`
}

function pruneStep({ name, active, source }: Current): CredentialStep {
  return { credential: name, action: 'prune', version: active, before: source, after: null }
}
