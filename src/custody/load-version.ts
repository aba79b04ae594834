import { domainError, hasCode } from '../contract/error-table.ts'
import type { CredentialSnapshot } from './credential-snapshot.ts'
import { decrypt } from './crypto/envelope.ts'
import type { HeldVersion } from './key-handle.ts'
import { KeyMaterial } from './key-material.ts'
import type { VersionRow } from './manage/credential-rows.ts'
import { labelOf } from './manage/versions.ts'
import type { CommandOptions, Environment } from './secrets/exec.ts'
import { fetchSecret, shownReference } from './secrets/reference.ts'

/** Where the keys of references come from. */
export type SecretSources = { readonly env: Environment; readonly commands: CommandOptions }

/** What gives the key of a reference now. */
export type FetchMaterial = (reference: string) => Promise<KeyMaterial>

type Opening = Pick<CredentialSnapshot, 'wrapping' | 'fingerprintKey'>

/**
 * Opens one version as it was recorded. Throws `credentials_damaged` when its encrypted key is unreadable, and
 * `secret_unavailable` when its reference gives no key, or another than was recorded.
 */
export async function loadVersion(
  record: VersionRow,
  opening: Opening,
  materialOf: FetchMaterial
): Promise<HeldVersion> {
  const { credential, version, source, wrapped_key, sealed, fingerprint } = record
  const label = labelOf(credential, version)
  const material =
    source === 'sealed'
      ? new KeyMaterial(decrypted(record, label, opening), opening.fingerprintKey)
      : await materialOf(source)
  if (material.fingerprint === fingerprint) return { version, source, material }
  material.discard()
  if (wrapped_key || sealed)
    throw domainError('credentials_damaged', `${label} is not the key that was encrypted`)
  throw domainError('secret_unavailable', `${label}: its reference gives another key by now`)
}

/** The key that a reference gives now. Throws `secret_unavailable`. */
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

function decrypted({ wrapped_key, sealed }: VersionRow, label: string, { wrapping }: Opening): Buffer {
  if (!wrapped_key || !sealed) throw domainError('credentials_damaged', `${label} has lost its encrypted key`)
  return decrypt({ wrappedKey: wrapped_key, ciphertext: sealed }, label, wrapping)
}
