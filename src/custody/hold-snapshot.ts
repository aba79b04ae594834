import { hasCode } from '../contract/error-table.ts'
import type { HeldVersion, HeldVersions } from './credential.ts'
import type { CredentialSnapshot } from './credential-snapshot.ts'
import { loadVersion } from './load-version.ts'
import { type CredentialRow, findVersion } from './manage/credential-rows.ts'
import { labelOf } from './manage/operations.ts'
import type { SecretWatch } from './secrets/watch.ts'
import { selectVersions } from './select-versions.ts'

export type SnapshotHolder = {
  /** What is held of a credential now: a version that has not changed is not opened again. */
  held(name: string): HeldVersions
  readonly references: Pick<SecretWatch, 'mayAsk' | 'ask' | 'materialOf'>
  /** A version cannot be opened; the others can still be used. */
  reportUnreadable(label: string, error: unknown): void
}

/** What this process is to hold of the credentials that the store names. */
export async function holdSnapshot(
  snapshot: CredentialSnapshot,
  holder: SnapshotHolder
): Promise<Map<string, HeldVersions>> {
  const all = new Map<string, HeldVersions>()
  for (const record of snapshot.records.credentials)
    if (record.removed_at === null) {
      const open = (version: number) => openOne(record, version, snapshot, holder)
      all.set(record.name, await selectVersions(record, snapshot, open))
    }
  return all
}

/** Null when the version cannot be opened. */
async function openOne(
  { name, active }: CredentialRow,
  version: number,
  snapshot: CredentialSnapshot,
  { held, references, reportUnreadable }: SnapshotHolder
): Promise<HeldVersion | null> {
  const record = findVersion(snapshot.records, name, version)
  if (!record) return null
  const known = held(name)
  for (const one of [known.active, known.standby])
    if (one?.version === version && one.material.fingerprint === record.fingerprint) return one
  if (!references.mayAsk(name, record.source)) return null
  try {
    return await loadVersion(record, snapshot, source =>
      references.ask(name, source, () => references.materialOf(source, snapshot))
    )
  } catch (error) {
    // The key behind a reference may have changed: the active one is fetched again, the one before is lost.
    if (version === active || !hasCode(error, 'secret_unavailable'))
      reportUnreadable(labelOf(name, version), error)
    return null
  }
}
