import type { Administrator } from '../ledger/writer/admin-entries.ts'

/** What a command may touch of the process it runs in. Given by `main.ts`; tests give their own. */
export type CliContext = {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdin: NodeJS.ReadableStream
  readonly stdout: NodeJS.WritableStream
  readonly stderr: NodeJS.WritableStream
}

/** What commands need that change the store or keep running: who runs them, and when to end. */
export type ProcessContext = CliContext & {
  readonly administrator: Administrator
  /** Resolves at the next SIGINT, SIGTERM, SIGQUIT or SIGHUP; until then none of them ends the process. */
  readonly interrupted: () => Promise<void>
}
