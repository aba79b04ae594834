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

/** 1: refused or broken (the command ran and says no). 2: could not run (usage, configuration, store). */
export type FailureExit = 1 | 2

export type CommandErrorOptions = ErrorOptions & {
  /** Of the problem object, behind those that every one has. */
  readonly members?: Readonly<Record<string, unknown>>
}

/** A command's failure: one clear line for people, a problem object for programs (`--json`), both on standard error. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  /** A stable `noun_state` code, e.g. `tenant_not_found`. */
  readonly code: string
  readonly exit: FailureExit
  readonly members: Readonly<Record<string, unknown>>
  constructor(code: string, detail: string, exit: FailureExit, options: CommandErrorOptions = {}) {
    super(detail, options)
    this.code = code
    this.exit = exit
    this.members = options.members ?? {}
  }
}
