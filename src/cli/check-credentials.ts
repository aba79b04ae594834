import type { Config } from '../config.ts'
import type { ConfigFault } from '../config-fault.ts'
import { CustodyBroken, readProven } from '../custody/credential-manifest.ts'
import { findVersion } from '../custody/credential-records.ts'
import { fingerprintKeyOf } from '../custody/credential-snapshot.ts'
import { type CredentialView, listCredentials } from '../custody/credential-views.ts'
import type { StoreKeys } from '../custody/master-key-check.ts'
import { fetchMaterial, openVersion, type SecretSources } from '../custody/open-version.ts'
import { SealBroken } from '../custody/sealing.ts'
import { SecretUnavailable } from '../custody/secret-reference.ts'
import type { Store } from '../store/store.ts'

/** Opens every credential that `serve` would open, and closes it again. Notes what is wrong in `faults`. */
export async function checkCredentials(
  { raw }: Store,
  keys: StoreKeys,
  config: Config,
  sources: SecretSources,
  faults: ConfigFault[]
): Promise<readonly CredentialView[]> {
  try {
    const { records } = readProven(raw, keys)
    const views = listCredentials(raw, keys, new Date())
    const opening = { wrapping: keys.wrapping, fingerprintKey: fingerprintKeyOf(keys) }
    const materialOf = (reference: string) => fetchMaterial(reference, opening, sources)
    for (const { credential, version, follows_setting, source } of views) {
      const record = findVersion(records, credential, version)
      if (follows_setting || !record) continue
      // What a reference gives may have changed since: serve takes that for a new version.
      const open = async () =>
        source === 'sealed'
          ? (await openVersion(record, opening, materialOf)).material
          : await materialOf(record.source)
      await attempt(`credential ${credential}`, faults, open)
    }
    const usesSetting = views.every(view => view.credential !== 'default' || view.follows_setting)
    const mayBeMissing = config.upstreamKeyIsDefault && views.some(view => !view.follows_setting)
    if (usesSetting && !mayBeMissing)
      await attempt('GATEWAY_UPSTREAM_KEY', faults, () => materialOf(config.upstreamKey))
    return views
  } catch (error) {
    if (!(error instanceof CustodyBroken)) throw error
    faults.push({ key: 'credentials', detail: error.message })
    return []
  }
}

async function attempt(
  key: string,
  faults: ConfigFault[],
  open: () => Promise<{ discard(): void }>
): Promise<void> {
  try {
    ;(await open()).discard()
  } catch (error) {
    if (!(error instanceof SecretUnavailable || error instanceof SealBroken)) throw error
    faults.push({ key, detail: error.message })
  }
}
