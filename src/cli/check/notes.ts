import type { ConfigIssue } from '../../config/error.ts'
import { hasCode } from '../../contract/error-table.ts'
import { isStoreError } from '../../store/store-fault.ts'

/** What is wrong, and what deserves a warning. Each step of a check adds to both. */
export type Notes = { readonly faults: ConfigIssue[]; readonly warnings: ConfigIssue[] }

/** Does `work`, and notes its failure under a setting. */
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

/** The message of an error that a check reports. Throws any other. */
export function findingOf(error: unknown): string {
  if (isStoreError(error) || hasCode(error, 'secret_unavailable', 'master_key_wrong', 'credentials_damaged'))
    return error.message
  throw error
}
