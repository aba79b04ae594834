import { Refusal } from '../tenants/refusal.ts'

/** The form of a credential's name. */
export const credentialNameForm = '^[a-z0-9][a-z0-9._-]{0,62}$'
const form = new RegExp(credentialNameForm)

/** Throws Refusal: credential_name_invalid. */
export function requireCredentialName(name: string): void {
  if (!form.test(name))
    throw new Refusal(
      'credential_name_invalid',
      'a credential name has 1 to 63 characters of a-z, 0-9, ".", "_" and "-", the first a letter or digit'
    )
}
