import type { CredentialSnapshot } from './credential-snapshot.ts'
import type { NotedMaterial, Reversion } from './manage/automatic-operations.ts'
import type { VersionChanged } from './manage/versions.ts'

/** The store's side of custody, on the store's thread. */
export type CredentialJobs = {
  call(job: 'credentials', lastChange: number): Promise<CredentialSnapshot | null>
  call(job: 'noteMaterial', note: NotedMaterial): Promise<VersionChanged>
}

/** The same, for a credential whose new version the upstream rejects. */
export type RevertJob = {
  call(job: 'revertVersion', change: Reversion): Promise<boolean>
}
