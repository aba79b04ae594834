import { domainError } from '../../contract/error-table.ts'
import { nameForm, nameInWords } from '../../contract/schemas.ts'

const form = new RegExp(nameForm)

/** Throws Refusal: credential_name_invalid. */
export function requireCredentialName(name: string): void {
  if (!form.test(name)) throw domainError('credential_name_invalid', `a credential name has ${nameInWords}`)
}
