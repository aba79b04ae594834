import { Refusal } from './refusal.ts'

/** What a tenant uses for which nobody chose other credentials. One list for all such tenants. */
export const defaultCredentials: readonly string[] = Object.freeze(['default'])

/** The form of a credential's name. Whether there is such a credential is not asked: it may be added later. */
export const credentialNameForm = '^[a-z0-9][a-z0-9._-]{0,62}$'
const form = new RegExp(credentialNameForm)

/**
 * Names of upstream credentials, the one to try first in front; null when they are the default.
 * Throws Refusal: credential_name_invalid.
 */
export function readCredentialNames(texts: readonly string[]): readonly string[] | null {
  if (!texts.every(text => form.test(text)))
    throw new Refusal(
      'credential_name_invalid',
      'a credential name has 1 to 63 characters of a-z, 0-9, ".", "_" and "-", the first a letter or digit'
    )
  if (texts.length === 0)
    throw new Refusal('credential_name_invalid', 'a tenant needs one credential or more')
  if (new Set(texts).size < texts.length)
    throw new Refusal('credential_name_invalid', 'a credential can be named once only')
  return texts.length === 1 && texts[0] === 'default' ? null : texts
}
