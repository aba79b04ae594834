import { CommanderError } from 'commander'
import { ConfigError, describeIssue } from '../../config/error.ts'
import { problemTable } from '../../contract/problem-table.ts'
import { Refusal, type RefusalCode, refusalTable } from '../../contract/refusal.ts'
import { CommandError, type FailureExit } from '../context.ts'

/** A failed command, ready to be told: as lines for people, as a problem object for programs. */
export type CommandProblem = {
  readonly exit: FailureExit
  readonly lines: readonly string[]
  readonly body: ProblemObject
}

/** The members of the HTTP envelope that mean something without a request. */
type ProblemObject = {
  readonly type: string
  readonly title: string
  /** What an HTTP answer about the same failure carries. */
  readonly status: number
  readonly detail: string
  readonly code: string
  /** What to do about a refusal. The actions of HTTP's own problems speak of requests, which a command has none of. */
  readonly action?: string
  /** For faults in the configuration: each with a JSON pointer to its setting, and where that was given. */
  readonly errors?: readonly { readonly pointer: string; readonly detail: string; readonly source?: string }[]
  /** With faults in the configuration: what else is worth a look. */
  readonly warnings?: readonly string[]
}

/** Tells any failure of a command. Lines hold no line breaks, no control characters and nothing shaped like a key. */
export function commandProblem(error: unknown): CommandProblem {
  if (error instanceof ConfigError) return configProblem(error)
  const { code, detail, exit } = asCommandError(error)
  const line = plain(detail)
  const status = statusOf(code, exit)
  const action = Object.hasOwn(refusalTable, code) ? refusalTable[code as RefusalCode].action : undefined
  return {
    exit,
    lines: [line],
    body: {
      type: `/problems/${code}`,
      title: titleOf(code),
      status,
      detail: line,
      code,
      ...(action !== undefined && { action })
    }
  }
}

/** Several faults in the configuration, or in what it refers to: one line each, with its key. */
function configProblem({ faults, warnings }: ConfigError): CommandProblem {
  const code = 'configuration_invalid'
  const lines = faults.map(fault => plain(describeIssue(fault)))
  const errors = faults.map(({ key, detail, source }) => ({
    pointer: `/${plain(key).replaceAll('~', '~0').replaceAll('/', '~1')}`,
    detail: plain(detail),
    ...(source !== undefined && { source: plain(source) })
  }))
  const body = {
    type: `/problems/${code}`,
    title: titleOf(code),
    status: 400,
    detail: lines.join('; '),
    code
  }
  const told = warnings.map(plain)
  return {
    exit: 2,
    lines: [...lines, ...told.map(warning => `warning: ${warning}`)],
    body: { ...body, errors, ...(told.length > 0 && { warnings: told }) }
  }
}

/** By name and not by class: some come from the store's thread, and a class does not cross threads. */
const byErrorName: Readonly<Record<string, string>> = {
  WrongMasterKey: 'master_key_wrong',
  SecretUnavailable: 'secret_unavailable',
  StoreError: 'store_unavailable',
  CustodyBroken: 'credentials_damaged',
  SealBroken: 'credentials_damaged',
  PartMissing: 'part_missing',
  PrunedMeanwhile: 'ledger_pruned'
}

type Told = { readonly code: string; readonly detail: string; readonly exit: FailureExit }

function asCommandError(error: unknown): Told {
  if (error instanceof CommandError) return { code: error.code, detail: error.message, exit: error.exit }
  if (error instanceof Refusal)
    return {
      code: error.code,
      detail: error.message,
      exit: refusalTable[error.code].status === 400 ? 2 : 1
    }
  if (!(error instanceof Error)) return { code: 'internal_error', detail: String(error), exit: 1 }
  const detail = error.message
  if (error instanceof CommanderError)
    return { code: 'usage_invalid', detail: usageFault(error.message), exit: 2 }
  const known = byErrorName[error.name]
  if (known !== undefined) return { code: known, detail, exit: 2 }
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ERR_SQLITE_ERROR')
    return { code: 'store_unavailable', detail: `the store: ${detail}`, exit: 2 }
  const { syscall } = error as NodeJS.ErrnoException
  if (syscall === 'listen' || syscall === 'getaddrinfo')
    return { code: 'listener_unavailable', detail: `cannot listen: ${detail}`, exit: 2 }
  return { code: 'internal_error', detail, exit: 1 }
}

/** Surplus arguments are counted, not repeated: one may be a secret that was meant for standard input. */
function usageFault(message: string): string {
  return message.replace(/^error: /, '').replace(/( but got \d+):.*$/s, '$1.')
}

function statusOf(code: string, exit: FailureExit): number {
  const known: Readonly<Record<string, { readonly status: number }>> = { ...problemTable, ...refusalTable }
  return known[code]?.status ?? (exit === 2 ? 400 : 409)
}

function titleOf(code: string): string {
  const words = code.replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

function plain(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what has to go
      .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
      .replace(/\b(cgw|cga|bd)_[A-Za-z0-9_]{8,}/g, '$1_…')
      .trim()
  )
}
