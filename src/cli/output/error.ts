import { CommanderError } from 'commander'
import { DomainError } from '../../base/domain-error.ts'
import { ConfigError, describeIssue } from '../../config/error.ts'
import {
  type ErrorCode,
  type ErrorKind,
  errorTable,
  exitCodes,
  type FailureExit,
  isInTable,
  titleOf
} from '../../contract/error-table.ts'
import { isStoreError } from '../../store/store-fault.ts'

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
  const { code, detail } = namedError(error)
  const line = plain(detail)
  const { status, action }: ErrorKind = errorTable[code]
  return {
    exit: exitCodes[status],
    lines: [line],
    body: {
      type: `/problems/${code}`,
      title: titleOf(code),
      status,
      detail: line,
      code,
      ...(action !== undefined && { action }),
      ...(error instanceof DomainError && error.facts)
    }
  }
}

/** Several faults in the configuration, or in what it refers to: one line each, with its key. */
function configProblem({ code, faults, warnings }: ConfigError): CommandProblem {
  const { status } = errorTable[code]
  const lines = faults.map(fault => plain(describeIssue(fault)))
  const errors = faults.map(({ key, detail, source }) => ({
    pointer: `/${plain(key).replaceAll('~', '~0').replaceAll('/', '~1')}`,
    detail: plain(detail),
    ...(source !== undefined && { source: plain(source) })
  }))
  const body = {
    type: `/problems/${code}`,
    title: titleOf(code),
    status,
    detail: lines.join('; '),
    code
  }
  const told = warnings.map(plain)
  return {
    exit: exitCodes[status],
    lines: [...lines, ...told.map(warning => `warning: ${warning}`)],
    body: { ...body, errors, ...(told.length > 0 && { warnings: told }) }
  }
}

type NamedError = { readonly code: ErrorCode; readonly detail: string }

function namedError(error: unknown): NamedError {
  if (!(error instanceof Error)) return { code: 'internal_error', detail: String(error) }
  const detail = error.message
  if (isStoreError(error)) return { code: 'store_unavailable', detail }
  if (isInTable(error)) return { code: error.code, detail }
  if (error instanceof CommanderError) return { code: 'usage_invalid', detail: usageFault(detail) }
  const { code, syscall } = error as NodeJS.ErrnoException
  if (code === 'ERR_SQLITE_ERROR') return { code: 'store_unavailable', detail: `the store: ${detail}` }
  if (syscall === 'listen' || syscall === 'getaddrinfo')
    return { code: 'listener_unavailable', detail: `cannot listen: ${detail}` }
  return { code: 'internal_error', detail }
}

/** Surplus arguments are counted, not repeated: one may be a secret that was meant for standard input. */
function usageFault(message: string): string {
  return message.replace(/^error: /, '').replace(/( but got \d+):.*$/s, '$1.')
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
