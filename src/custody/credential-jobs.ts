import type { CredentialSnapshot } from './credential-snapshot.ts'
import type { FetchedKey, Rollback } from './manage/automatic-operations.ts'
import type { VersionChanged } from './manage/versions.ts'

/** What custody asks of the store's thread. */
export type CredentialJobs = {
  call(job: 'credentials', lastChange: number): Promise<CredentialSnapshot | null>
  call(job: 'noteMaterial', note: FetchedKey): Promise<VersionChanged>
  call(job: 'revertVersion', change: Rollback): Promise<boolean>
}
