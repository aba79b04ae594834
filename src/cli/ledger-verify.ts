import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import type { Head } from '../ledger/chain.ts'
import { cutOf } from '../ledger/cut.ts'
import { exportedCut, exportedEntries } from '../ledger/exported-entries.ts'
import { describeFault } from '../ledger/fault.ts'
import { parseHeads, readWriters } from '../ledger/heads.ts'
import { parsePublicKey } from '../ledger/signature.ts'
import { storedEntries } from '../ledger/stored-entries.ts'
import { type KnownFacts, type Verification, verifyLedger } from '../ledger/verify.ts'
import { type CliContext, CommandError } from './context.ts'
import { progress } from './ledger-progress.ts'
import { withLedger } from './ledger-reader.ts'
import { verificationReport } from './ledger-report.ts'
import { type ConfigOptions, withConfigOptions } from './options.ts'
import { print } from './print.ts'

type VerifyOptions = ConfigOptions & {
  readonly file?: readonly string[]
  readonly archive?: readonly string[]
  readonly head?: string
  readonly publicKey?: string
}

/** `ledger verify`: 0 whole, 1 broken, 2 could not check. */
export function addVerify(noun: Command, context: CliContext): void {
  const verify = noun
    .command('verify')
    .description('check that no entry was edited, lost, moved, added, cut off or signed by somebody else')
    .option('--file <file>', 'check this export instead of the store; more of them in their order', also)
    .option('--archive <file>', 'begin with this archive of a prune; more of them in their order', also)
    .option('--head <file>', 'what `ledger head --json` printed earlier: shows a tail that was cut off since')
    .option('--public-key <file>', 'what `ledger public-key` printed: no other signature counts')
  withConfigOptions(verify).action(async (options: VerifyOptions) => {
    if (options.file && options.archive)
      throw new CommandError(
        'usage_invalid',
        '--file and --archive exclude each other: give all as --file',
        2
      )
    const found = await verified(context, options)
    print(context, options, document(found), verificationReport(found))
    refuseBroken(found)
  })
}

function also(file: string, files: readonly string[] = []): readonly string[] {
  return [...files, file]
}

async function verified(context: CliContext, options: VerifyOptions): Promise<Verification> {
  const known = {
    heads: options.head === undefined ? [] : headsIn(options.head),
    publicKeys: options.publicKey === undefined ? undefined : new Set([publicKeyIn(options.publicKey)])
  }
  const shown = progress(context)
  const show = (entries: number) => shown.show('checked', entries)
  try {
    if (options.file) return await ofFiles(options.file, known, show)
    return await withLedger(context, options, async database => {
      const { archive = [] } = options
      const { lengths, isWriter } = readWriters(database)
      const entries = storedEntries(database)
      if (archive.length === 0)
        return await verifyLedger(entries, { ...known, lengths, isWriter, cut: cutOf(database)?.cut }, show)
      // Writers of whom nothing is left in the store are in the archives.
      const all = chained(exportedEntries(...archive), entries)
      return await readable(archive, async () => {
        const cut = (await exportedCut(...archive)) ?? undefined
        return await verifyLedger(all, { ...known, lengths, cut }, show)
      })
    })
  } finally {
    shown.clear()
  }
}

async function ofFiles(
  files: readonly string[],
  known: KnownFacts,
  show: (entries: number) => void
): Promise<Verification> {
  return await readable(files, async () => {
    const cut = (await exportedCut(...files)) ?? undefined
    return await verifyLedger(exportedEntries(...files), { ...known, cut }, show)
  })
}

async function* chained<T>(...parts: readonly (Iterable<T> | AsyncIterable<T>)[]): AsyncGenerator<T> {
  for (const part of parts) yield* part
}

function headsIn(file: string): readonly Head[] {
  const heads = parseHeads(read(file))
  if (heads) return heads
  throw new CommandError('heads_invalid', `${file} does not hold what ledger head --json prints`, 2)
}

function publicKeyIn(file: string): string {
  const key = parsePublicKey(read(file))
  if (key !== null) return key
  throw new CommandError('public_key_invalid', `${file} does not hold what ledger public-key prints`, 2)
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw unreadable([file], error)
  }
}

/** Tells of a file that cannot be read as such; all else is thrown on. */
async function readable<T>(files: readonly string[], work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const { syscall, code = '' } = error as NodeJS.ErrnoException
    throw syscall !== undefined || code.startsWith('Z_') ? unreadable(files, error) : error
  }
}

function unreadable(files: readonly string[], cause: unknown): CommandError {
  const { code, path = files.join(', ') } = cause as NodeJS.ErrnoException
  return new CommandError('file_unreadable', `${path} cannot be read (${code})`, 2, { cause })
}

function document({ entries, writers, openCalls, signatures, signedUntil, heads, faults }: Verification) {
  const signed = { signatures, signed_until: signedUntil }
  return { whole: faults.length === 0, entries, writers, open_calls: openCalls, ...signed, heads, faults }
}

function refuseBroken({ faults }: Verification): void {
  const [fault] = faults
  if (fault) throw new CommandError('ledger_broken', `the ledger is broken: ${describeFault(fault)}`, 1)
}
