import { DomainError, type DomainErrorOptions } from '../base/domain-error.ts'
import { problemTable } from './problem-table.ts'
import { refusalTable } from './refusal-table.ts'

/** Exit code of a command by the status of its failure. 2: it could not run; 1: it ran, and refused or found something broken. */
export const exitCodes = { 400: 2, 404: 1, 409: 1, 500: 1, 503: 2 } as const

export type FailureExit = (typeof exitCodes)[keyof typeof exitCodes]

/** What the code of a domain error means. */
export type ErrorKind = {
  /** HTTP status of an answer with this code; the exit code follows from it. */
  readonly status: keyof typeof exitCodes
  /** What to do about it. */
  readonly action?: string
}

const cannotRun = { status: 400 } as const satisfies ErrorKind
const saysNo = { status: 409 } as const satisfies ErrorKind
const { store_unavailable, internal_error } = problemTable

/** The closed table of domain errors: refusals, and the other reasons why a command fails. */
export const errorTable = {
  ...refusalTable,
  configuration_invalid: cannotRun,
  usage_invalid: cannotRun,
  listener_unavailable: cannotRun,
  master_key_wrong: cannotRun,
  secret_unavailable: cannotRun,
  /** The rows of credentials, or what is encrypted in them, are not what was stored. */
  credentials_damaged: cannotRun,
  store_unavailable: { status: store_unavailable.status },
  /** It may be done all the same, later. */
  store_timeout: { status: store_unavailable.status },
  jwks_unavailable: cannotRun,
  part_missing: cannotRun,
  /** A prune removed entries before they were read. */
  ledger_pruned: cannotRun,
  nothing_to_check: cannotRun,
  heads_invalid: cannotRun,
  public_key_invalid: cannotRun,
  upstream_not_asked: cannotRun,
  file_unreadable: cannotRun,
  file_unwritable: cannotRun,
  archive_unwritable: cannotRun,
  output_unwritable: cannotRun,
  archive_exists: saysNo,
  archive_faulty: saysNo,
  nothing_to_prune: saysNo,
  prune_running: saysNo,
  pruned_meanwhile: saysNo,
  ledger_incomplete: saysNo,
  ledger_broken: saysNo,
  entry_not_found: saysNo,
  interrupted: saysNo,
  upstream_unproven: saysNo,
  credential_echoed: saysNo,
  internal_error: { status: internal_error.status }
} as const satisfies Record<string, ErrorKind>

export type ErrorCode = keyof typeof errorTable

/** A domain error whose code is a row of the table. */
export function domainError<Code extends ErrorCode>(
  code: Code,
  message: string,
  options?: DomainErrorOptions
): DomainError<Code> {
  return new DomainError(code, message, options)
}

/** Whether an error, also one of another thread, has one of these codes. */
export function hasCode<Code extends ErrorCode>(
  error: unknown,
  ...codes: readonly Code[]
): error is DomainError<Code> {
  return error instanceof DomainError && (codes as readonly string[]).includes(error.code)
}

/** Whether an error is a domain error of the table, whatever its code. */
export function isInTable(error: unknown): error is DomainError<ErrorCode> {
  return error instanceof DomainError && Object.hasOwn(errorTable, error.code)
}

/** A code in words, as title of its problem object. */
export function titleOf(code: ErrorCode): string {
  const words = code.replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}
