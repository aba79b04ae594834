import { domainError } from '../contract/error-table.ts'
import { requireCredentialName } from '../custody/manage/operations.ts'

/** The credentials of a tenant without others. One list for all such tenants. */
export const defaultCredentials: readonly string[] = Object.freeze(['default'])

/**
 * Names of upstream credentials, the first to be tried first; null for the default. They need not exist yet. Throws
 * credential_name_invalid.
 */
export function readCredentialNames(names: readonly string[]): readonly string[] | null {
  for (const name of names) requireCredentialName(name)
  if (names.length === 0)
    throw domainError('credential_name_invalid', 'a tenant needs one credential or more')
  if (new Set(names).size < names.length)
    throw domainError('credential_name_invalid', 'a credential can be named once only')
  return names.length === 1 && names[0] === 'default' ? null : names
}
