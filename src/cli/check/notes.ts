import type { ConfigIssue } from '../../config/error.ts'
import { SealBroken } from '../../custody/crypto/envelope.ts'
import { WrongMasterKey } from '../../custody/crypto/root-key.ts'
import { CustodyBroken } from '../../custody/manage/manifest.ts'
import { SecretUnavailable } from '../../custody/secrets/reference.ts'
import { StoreError } from '../../store/sqlite/sqlite.ts'

/** What is wrong, and what is worth saying. Each step of a check adds to both. */
export type Notes = { readonly faults: ConfigIssue[]; readonly warnings: ConfigIssue[] }

/** Does `work`, and notes its failure under the setting that leads to it. */
export async function attempt<T>(
  { faults }: Notes,
  key: string,
  work: () => T | Promise<T>
): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    faults.push({ key, detail: findingOf(error) })
    return undefined
  }
}

const findings = [StoreError, SecretUnavailable, WrongMasterKey, CustodyBroken, SealBroken]

/** The message of an error that a check is made to find. Throws any other. */
export function findingOf(error: unknown): string {
  if (error instanceof Error && findings.some(kind => error instanceof kind)) return error.message
  throw error
}
