import type { CredentialSnapshot } from './credential-snapshot.ts'
import type { FetchedKey, Noted, Rollback } from './manage/automatic-operations.ts'

/** What custody asks of the store's thread. */
export type CredentialJobs = {
  call(job: 'credentials', lastChange: number): Promise<CredentialSnapshot | null>
  call(job: 'noteMaterial', note: FetchedKey): Promise<Noted>
  call(job: 'revertVersion', change: Rollback): Promise<boolean>
}
