import { hasCode } from '../contract/error-table.ts'
import type { HeldVersions } from './credential-pool.ts'
import type { CredentialSnapshot } from './credential-snapshot.ts'
import type { HeldVersion } from './key-handle.ts'
import { loadVersion } from './load-version.ts'
import { activeCredentials, type CredentialRow, findVersion } from './manage/credential-rows.ts'
import { labelOf } from './manage/versions.ts'
import type { SecretWatch } from './secrets/watch.ts'

export type SnapshotOpening = {
  readonly snapshot: CredentialSnapshot
  /** What is held of a credential now: a version that has not changed is not opened again. */
  held(name: string): HeldVersions
  readonly references: Pick<SecretWatch, 'mayFetch' | 'run' | 'materialOf'>
  /** A version is unreadable; the others can still be used. */
  reportUnreadable(label: string, error: unknown): void
}

/** What this process is to hold of each credential in the store. */
export async function openSnapshot(opening: SnapshotOpening): Promise<Map<string, HeldVersions>> {
  const all = new Map<string, HeldVersions>()
  for (const { record, source } of activeCredentials(opening.snapshot.records))
    all.set(record.name, await openVersions(record, source, opening))
  return all
}

async function openVersions(
  { name, active, standby, standby_until }: CredentialRow,
  source: string,
  opening: SnapshotOpening
): Promise<HeldVersions> {
  const standbyUntilMs = standby_until === null ? 0 : Date.parse(standby_until)
  const isInGrace = Date.now() < standbyUntilMs
  const opened = await openVersion(name, active, active, opening)
  // The reference gives this process another key than the process that noted it, or none.
  const isElsewhere = !opened && source !== 'sealed'
  const before =
    standby !== null && (isInGrace || isElsewhere) ? await openVersion(name, standby, active, opening) : null
  if (!before || !isElsewhere) return { active: opened, standby: before, standbyUntilMs }
  // Keep the previous version: two processes that each record their own key as new would rotate against each other for ever.
  const isKept = isInGrace || before.source !== 'sealed'
  if (!isKept) before.material.discard()
  return { active: isKept ? before : null, standby: null, standbyUntilMs: 0 }
}

/** Null when the version is unreadable. */
async function openVersion(
  name: string,
  version: number,
  active: number,
  { snapshot, held, references, reportUnreadable }: SnapshotOpening
): Promise<HeldVersion | null> {
  const record = findVersion(snapshot.records, name, version)
  if (!record) return null
  const known = held(name)
  // The same object for an unchanged version: the breaker counts rejections for the object that is active.
  for (const one of [known.active, known.standby])
    if (one?.version === version && one.material.fingerprint === record.fingerprint) return one
  if (!references.mayFetch(name, record.source)) return null
  try {
    return await loadVersion(record, snapshot, source =>
      references.run(name, source, () => references.materialOf(source, snapshot))
    )
  } catch (error) {
    // The key behind a reference may have changed: the active version is fetched again, the one before is lost.
    if (version === active || !hasCode(error, 'secret_unavailable'))
      reportUnreadable(labelOf(name, version), error)
    return null
  }
}
