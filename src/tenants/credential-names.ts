import { domainError } from '../contract/error-table.ts'
import { requireCredentialName } from '../custody/manage/operations.ts'

/** What a tenant uses for which nobody chose other credentials. One list for all such tenants. */
export const defaultCredentials: readonly string[] = Object.freeze(['default'])

/**
 * Names of upstream credentials, the one to try first in front; null when they are the default. Whether there are such
 * credentials is not asked: they may be added later. Throws Refusal: credential_name_invalid.
 */
export function readCredentialNames(names: readonly string[]): readonly string[] | null {
  for (const name of names) requireCredentialName(name)
  if (names.length === 0)
    throw domainError('credential_name_invalid', 'a tenant needs one credential or more')
  if (new Set(names).size < names.length)
    throw domainError('credential_name_invalid', 'a credential can be named once only')
  return names.length === 1 && names[0] === 'default' ? null : names
}
