import { type Command, InvalidArgumentError } from 'commander'
import type { PageRequest } from '../../contract/pagination.ts'

/** The option of every command. */
export type OutputOptions = { readonly json?: true }

/** The options of every command that reads the configuration. */
export type ConfigOptions = OutputOptions & { readonly config?: string }

/** The options of every list. */
export type ListOptions = ConfigOptions & PageRequest

/** Adds `--json`. */
export function withOutputOptions(command: Command): Command {
  return command.option('--json', 'print JSON, and failures as a problem object')
}

/** Adds `--config` and `--json`. */
export function withConfigOptions(command: Command): Command {
  return withOutputOptions(
    command.option('--config <file>', 'read settings from this file (default: gateway.yaml when it exists)')
  )
}

/** Adds `--limit` and `--cursor`. */
export function withPageOptions(command: Command): Command {
  return command
    .option('--limit <n>', 'show at most this many', wholeNumber(1, 1000), 100)
    .option('--cursor <cursor>', 'continue where an earlier page ended')
}

/** Reads a whole number within bounds, both included. */
export function wholeNumber(from: number, to: number): (text: string) => number {
  return text => {
    const value = /^[0-9]{1,10}$/.test(text) ? Number(text) : Number.NaN
    if (value >= from && value <= to) return value
    throw new InvalidArgumentError(`It must be a whole number from ${from} to ${to}.`)
  }
}

/** Splits `ID,ID…` arguments at their commas. */
export function splitIds(texts: readonly string[]): string[] {
  return texts.flatMap(text => text.split(',').map(id => id.trim()))
}
