import type { Administrator } from '../ledger/writer/admin-entries.ts'

/** What a command may touch of the process that runs it. Given by `main.ts`; tests give their own. */
export type ProcessContext = {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdin: NodeJS.ReadableStream
  readonly stdout: NodeJS.WritableStream
  readonly stderr: NodeJS.WritableStream
  /** Who runs commands that change the store. */
  readonly administrator: Administrator
  /** Resolves at the next SIGINT, SIGTERM, SIGQUIT or SIGHUP; until then none of them ends the process. */
  readonly interrupted: () => Promise<void>
}
