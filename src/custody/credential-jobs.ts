import type { CredentialSnapshot } from './credential-snapshot.ts'
import type { NewVersion, VersionChanged } from './manage/operations.ts'

/** The store's side of custody, on the store's thread. */
export type CredentialJobs = {
  call(job: 'credentials', lastChange: number): Promise<CredentialSnapshot | null>
  call(job: 'noteMaterial', note: NotedMaterial): Promise<VersionChanged>
}

/** The same, for a credential whose new version the upstream rejects. */
export type RevertJob = {
  call(job: 'revertVersion', change: { name: string; from: number; to: number }): Promise<boolean>
}

/** What a reference gives now, as the store's thread is to note it. */
export type NotedMaterial = {
  readonly name: string
  readonly version: NewVersion
  readonly graceMs: number
  readonly followsSetting: boolean
}
