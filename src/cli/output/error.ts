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

/** A failed command, as lines for people and as a problem object for programs. */
export type CommandProblem = {
  readonly exit: FailureExit
  readonly lines: readonly string[]
  readonly body: object
}

/** Describes any failure of a command. Lines hold no line breaks, no control characters and nothing shaped like a key. */
export function commandProblem(error: unknown): CommandProblem {
  if (error instanceof ConfigError) return configProblem(error)
  const { code, detail } = namedError(error)
  const line = plain(detail)
  return problem(code, [line], line, error instanceof DomainError ? error.facts : {})
}

/** Several faults in the configuration, or in what it refers to: one line each, with its setting. */
function configProblem({ code, faults, warnings }: ConfigError): CommandProblem {
  const lines = faults.map(fault => plain(describeIssue(fault)))
  // A JSON pointer to each setting, and where that was given.
  const errors = faults.map(({ key, detail, source }) => ({
    pointer: `/${plain(key).replaceAll('~', '~0').replaceAll('/', '~1')}`,
    detail: plain(detail),
    ...(source !== undefined && { source: plain(source) })
  }))
  const notices = warnings.map(plain)
  return problem(code, [...lines, ...notices.map(warning => `warning: ${warning}`)], lines.join('; '), {
    errors,
    ...(notices.length > 0 && { warnings: notices })
  })
}

/** The members of the HTTP envelope that mean something without a request, then those of this failure. */
function problem(
  code: ErrorCode,
  lines: readonly string[],
  detail: string,
  members: object | undefined
): CommandProblem {
  // HTTP's own problems have no action here: theirs are about requests.
  const { status, action }: ErrorKind = errorTable[code]
  const body = {
    type: `/problems/${code}`,
    title: titleOf(code),
    status,
    detail,
    code,
    ...(action && { action }),
    ...members
  }
  return { exit: exitCodes[status], lines, body }
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

/** The number of surplus arguments without their text: one may be a secret that was meant for standard input. */
function usageFault(message: string): string {
  return message.replace(/^error: /, '').replace(/( but got \d+):.*$/s, '$1.')
}

function plain(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are removed
      .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
      .replace(/\b(cgw|cga|bd)_[A-Za-z0-9_]{8,}/g, '$1_…')
      .trim()
  )
}
