import { domainError, hasCode } from '../contract/error-table.ts'
import type { HeldVersion } from './credential.ts'
import type { CredentialSnapshot } from './credential-snapshot.ts'
import { unseal } from './crypto/envelope.ts'
import { KeyMaterial } from './key-material.ts'
import type { VersionRow } from './manage/credential-rows.ts'
import { labelOf } from './manage/operations.ts'
import type { CommandOptions, Environment } from './secrets/exec.ts'
import { fetchSecret, shownReference } from './secrets/reference.ts'

/** Where the keys of references come from. */
export type SecretSources = { readonly env: Environment; readonly commands: CommandOptions }

/** What gives the key of a reference now. */
export type FetchMaterial = (reference: string) => Promise<KeyMaterial>

type Opening = Pick<CredentialSnapshot, 'wrapping' | 'fingerprintKey'>

/**
 * Opens one version as it was recorded. Throws SealBroken when what was sealed does not open here, and SecretUnavailable
 * when its reference gives no key, or another one than was recorded.
 */
export async function loadVersion(
  record: VersionRow,
  opening: Opening,
  materialOf: FetchMaterial
): Promise<HeldVersion> {
  const { credential, version, source, wrapped_key, sealed, fingerprint } = record
  const material =
    source === 'sealed'
      ? new KeyMaterial(unsealed(record, opening), opening.fingerprintKey)
      : await materialOf(source)
  if (material.fingerprint === fingerprint) return { version, source, material }
  material.discard()
  if (wrapped_key || sealed)
    throw domainError('credentials_damaged', `${labelOf(credential, version)} is not the key that was sealed`)
  throw domainError(
    'secret_unavailable',
    `${labelOf(credential, version)}: its reference gives another key by now`
  )
}

/** The key that a reference gives now. Throws SecretUnavailable. */
export async function fetchMaterial(
  reference: string,
  { fingerprintKey }: Pick<Opening, 'fingerprintKey'>,
  { env, commands }: SecretSources
): Promise<KeyMaterial> {
  const secret = await fetchSecret(reference, env, commands)
  try {
    return new KeyMaterial(secret, fingerprintKey)
  } catch (error) {
    if (!hasCode(error, 'secret_unavailable')) throw error
    throw domainError('secret_unavailable', `${shownReference(reference)} gives no key: ${error.message}`)
  }
}

function unsealed(
  { credential, version, wrapped_key, sealed }: VersionRow,
  { wrapping }: Pick<Opening, 'wrapping'>
): Buffer {
  const label = labelOf(credential, version)
  if (!wrapped_key || !sealed) throw domainError('credentials_damaged', `${label} has lost what was sealed`)
  return unseal({ wrappedKey: wrapped_key, sealed }, label, wrapping)
}
