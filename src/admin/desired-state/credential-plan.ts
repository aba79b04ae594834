import { domainError } from '../../contract/error-table.ts'
import { type CredentialRows, findVersion } from '../../custody/manage/credential-rows.ts'
import { nextVersion } from '../../custody/manage/operations.ts'
import { shownReference } from '../../custody/secrets/reference.ts'

/** Where each credential that somebody names is to come from: `sealed` (it is there already), or a reference. */
export type DesiredSources = ReadonlyMap<string, string>

/** What is done about one credential. */
export type CredentialStep = {
  readonly credential: string
  readonly action: 'create' | 'change' | 'prune'
  /** The version that it will have, or had. */
  readonly version: number
  /** `sealed`, or a reference, whole: to be shown by `shownReference`. Null where there is none. */
  readonly before: string | null
  readonly after: string | null
}

/** What is done about all of them, what is not, and what is worth telling of that. */
export type CredentialPlan = {
  readonly steps: readonly CredentialStep[]
  readonly unchanged: number
  /** Those that nobody names and that stay. The one that follows a setting does not count: it is not the store's own. */
  readonly unnamed: number
  readonly warnings: readonly string[]
}

/** A credential as it is now. */
type Held = {
  readonly name: string
  readonly active: number
  readonly source: string
  readonly follows: boolean
}

/**
 * How to come from the credentials that there are to those wanted. `users` is given when those that nobody names are to
 * go: of each credential that is used, a tenant that uses it. Throws Refusal for what cannot be come to without a secret:
 * credential_not_found, credential_not_sealed, and credential_reference_cut.
 */
export function planCredentials(
  records: CredentialRows,
  wanted: DesiredSources,
  users: ReadonlyMap<string, string> | null
): CredentialPlan {
  const held = heldIn(records)
  const steps = [...wanted]
    .sort(byName)
    .flatMap(([name, source]) => stepTo(records, held.get(name), name, source) ?? [])
  const unnamed = [...held.values()].filter(({ name, follows }) => !follows && !wanted.has(name))
  const goes = (credential: Held) => users !== null && whySpared(credential, users) === null
  const pruned = unnamed.filter(goes).map(pruneStep)
  return {
    steps: [...steps, ...pruned].sort((one, other) => byName([one.credential], [other.credential])),
    unchanged: wanted.size - steps.length,
    unnamed: unnamed.length - pruned.length,
    warnings: users ? unnamed.flatMap(credential => whySpared(credential, users) ?? []) : []
  }
}

/** The credentials that there are, by name, those removed left out. */
function heldIn(records: CredentialRows): ReadonlyMap<string, Held> {
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
  held: Held | undefined,
  credential: string,
  source: string
): CredentialStep | null {
  if (source === 'sealed') {
    requireSealed(held, credential)
    return null
  }
  // A command is shown, and so exported, by its first word: written so it stands for the one that is there.
  if (held && (held.source === source || shownReference(held.source) === source)) return null
  requireWhole(source, credential)
  const action = held ? 'change' : 'create'
  const version = nextVersion(records, credential)
  return { credential, action, version, before: held?.source ?? null, after: source }
}

/** A secret never is in a file: one that is to be sealed must have been, by a command that reads it elsewhere. */
function requireSealed(held: Held | undefined, name: string): void {
  if (!held)
    throw domainError(
      'credential_not_found',
      `there is no sealed credential ${name}: seal its key first, by credential add ${name} --stdin`
    )
  if (held.source !== 'sealed')
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
      `the command of credential ${name} is cut off, and there is none to which it belongs: write the whole of it`
    )
}

/** Null for one that goes; else why it stays. */
function whySpared({ name, source }: Held, users: ReadonlyMap<string, string>): string | null {
  const user = users.get(name)
  if (source === 'sealed')
    return `credential ${name} is sealed and stays: only credential remove ${name} takes a key away for ever`
  return user === undefined ? null : `credential ${name} stays: tenant ${user} uses it`
}

function pruneStep({ name, active, source }: Held): CredentialStep {
  return { credential: name, action: 'prune', version: active, before: source, after: null }
}

function byName([one]: readonly string[], [other]: readonly string[]): number {
  return (one ?? '') < (other ?? '') ? -1 : 1
}
