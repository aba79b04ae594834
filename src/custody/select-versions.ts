import type { HeldVersion, HeldVersions } from './credential.ts'
import type { CredentialSnapshot } from './credential-snapshot.ts'
import type { KeyMaterial } from './key-material.ts'
import { type CredentialRow, findVersion } from './manage/credential-rows.ts'

/** What this process holds of a credential. `open` gives a version, or null when it cannot be opened here. */
export async function selectVersions(
  { name, active, standby, standby_until }: CredentialRow,
  { records }: Pick<CredentialSnapshot, 'records'>,
  open: (version: number) => Promise<HeldVersion | null>
): Promise<HeldVersions> {
  const standbyUntilMs = standby_until === null ? 0 : Date.parse(standby_until)
  const isInGrace = Date.now() < standbyUntilMs
  const opened = await open(active)
  // Its reference gives this process another key than the one that noted it, or none.
  const isElsewhere = !opened && findVersion(records, name, active)?.source !== 'sealed'
  const before = standby !== null && (isInGrace || isElsewhere) ? await open(standby) : null
  if (!before || !isElsewhere) return { active: opened, standby: before, standbyUntilMs }
  // Here the version before goes on: to note what this process is given as new would never end.
  const goesOn = isInGrace || before.source !== 'sealed'
  if (!goesOn) before.material.discard()
  return { active: goesOn ? before : null, standby: null, standbyUntilMs: 0 }
}

/**
 * Whether this is the newer key, which the upstream refused while it took the one before. Its reference goes on giving
 * it: taken up again at each look, it would be refused again and again.
 */
export function isGoneBackFrom(
  { active, standby, standbyUntilMs }: HeldVersions,
  { fingerprint }: KeyMaterial
): boolean {
  return (
    active !== null &&
    standby !== null &&
    standby.version > active.version &&
    standby.material.fingerprint === fingerprint &&
    Date.now() < standbyUntilMs
  )
}
