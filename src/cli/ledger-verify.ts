import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import type { Head } from '../ledger/chain.ts'
import { exportedEntries } from '../ledger/exported-entries.ts'
import { describeFault } from '../ledger/fault.ts'
import { parseHeads, readWriters } from '../ledger/heads.ts'
import { storedEntries } from '../ledger/stored-entries.ts'
import { type Verification, verifyLedger } from '../ledger/verify.ts'
import { type CliContext, CommandError } from './context.ts'
import { progress } from './ledger-progress.ts'
import { withLedger } from './ledger-reader.ts'
import { type ConfigOptions, withConfigOptions } from './options.ts'
import { print } from './print.ts'
import { table } from './table.ts'

type VerifyOptions = ConfigOptions & { readonly file?: string; readonly head?: string }

/** Heads and faults shown to people; `--json` prints all. */
const shownAtMost = 10

/** `ledger verify`: 0 whole, 1 broken, 2 could not check. */
export function addVerify(noun: Command, context: CliContext): void {
  const verify = noun
    .command('verify')
    .description('check that no entry was edited, lost, moved, added or cut off')
    .option('--file <file>', 'check this export instead of the store')
    .option('--head <file>', 'what `ledger head --json` printed earlier: shows a tail that was cut off since')
  withConfigOptions(verify).action(async (options: VerifyOptions) => {
    const heads = options.head === undefined ? [] : headsIn(options.head)
    const found = await verified(context, options, heads)
    print(context, options, document(found), report(found))
    refuseBroken(found)
  })
}

async function verified(
  context: CliContext,
  options: VerifyOptions,
  heads: readonly Head[]
): Promise<Verification> {
  const { file } = options
  const { show, clear } = progress(context, 'checked')
  try {
    if (file !== undefined)
      return await readable(file, () => verifyLedger(exportedEntries(file), { heads }, show))
    return await withLedger(context, options, database =>
      verifyLedger(storedEntries(database), { heads, ...readWriters(database) }, show)
    )
  } finally {
    clear()
  }
}

function headsIn(file: string): readonly Head[] {
  const heads = parseHeads(readHeadsFile(file))
  if (!heads)
    throw new CommandError('heads_invalid', `${file} does not hold what ledger head --json prints`, 2)
  return heads
}

function readHeadsFile(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw unreadable(file, error)
  }
}

async function readable<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error
    throw unreadable(file, error)
  }
}

function unreadable(file: string, cause: unknown): CommandError {
  const { code } = cause as NodeJS.ErrnoException
  return new CommandError('file_unreadable', `${file} cannot be read (${code})`, 2, { cause })
}

function document({ entries, writers, openCalls, heads, faults }: Verification) {
  return { whole: faults.length === 0, entries, writers, open_calls: openCalls, heads, faults }
}

function refuseBroken({ faults }: Verification): void {
  const [fault] = faults
  if (fault) throw new CommandError('ledger_broken', `the ledger is broken: ${describeFault(fault)}`, 1)
}

function report({ entries, writers, openCalls, heads, faults }: Verification): string {
  const counts = `${counted(entries, 'entry', 'entries')} of ${counted(writers, 'writer', 'writers')}, ${counted(openCalls, 'call', 'calls')} without an outcome\n`
  if (faults.length > 0)
    return `${counts}${firstOf(faults)
      .map(fault => `${describeFault(fault)}\n`)
      .join('')}${more(faults)}`
  if (heads.length === 0) return `whole: ${counts}`
  const latest = table(
    [
      ['WRITER', head => head.writer],
      ['SEQ', head => String(head.seq)],
      ['HASH', head => `${head.hash.slice(0, 32)}…`]
    ],
    heads.slice(-shownAtMost)
  )
  return `whole: ${counts}\n${latest}${more(heads)}`
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`
}

function firstOf<T>(all: readonly T[]): readonly T[] {
  return all.slice(0, shownAtMost)
}

function more(all: readonly unknown[]): string {
  return all.length > shownAtMost ? `and ${all.length - shownAtMost} more: --json prints all\n` : ''
}
