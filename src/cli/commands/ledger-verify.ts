import { readFileSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import type { Command } from 'commander'
import type { DomainError } from '../../base/domain-error.ts'
import { domainError } from '../../contract/error-table.ts'
import type { Head } from '../../ledger/entry/chain.ts'
import { parseChainHeads } from '../../ledger/entry/chain-heads.ts'
import { parsePublicKey } from '../../ledger/entry/signature.ts'
import { describeFinding } from '../../ledger/verify/finding.ts'
import type { Verification } from '../../ledger/verify/verify.ts'
import { verifyParts } from '../../ledger/verify/verify-parts.ts'
import { readHeadRecords } from '../../ledger/writer/head-record.ts'
import type { CliContext } from '../context.ts'
import { type ConfigOptions, withConfigOptions } from '../input/options.ts'
import { print } from '../output/print.ts'
import { progress } from '../output/progress.ts'
import { verificationReport } from '../output/verification-report.ts'
import { withLedger } from '../with-ledger.ts'

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
    .option('--file <file>', 'check this export instead of the store, not a pipe; more in their order', also)
    .option('--archive <file>', 'begin with this archive of a prune; more of them in their order', also)
    .option('--head <file>', 'what `ledger head --json` printed earlier: shows a tail that was cut off since')
    .option('--public-key <file>', 'what `ledger public-key` printed: no other signature counts')
  withConfigOptions(verify).action(async (options: VerifyOptions) => {
    if (options.file && options.archive)
      throw domainError('usage_invalid', '--file and --archive exclude each other: give all as --file')
    const found = await verified(context, options)
    requireEntries(found, options)
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
  const { file, archive = [] } = options
  const verifyAll = (
    files: readonly string[],
    database: DatabaseSync | null,
    acknowledged: readonly Head[]
  ) =>
    readable(files, () =>
      verifyParts(files, { ...known, acknowledged }, database, entries => shown.show('checked', entries))
    )
  try {
    return file
      ? await verifyAll(file, null, [])
      : await withLedger(context, options, (database, path) =>
          verifyAll(archive, database, readHeadRecords(path))
        )
  } finally {
    shown.clear()
  }
}

function headsIn(file: string): readonly Head[] {
  const heads = parseChainHeads(read(file))
  if (heads) return heads
  throw domainError('heads_invalid', `${file} does not hold what ledger head --json prints`)
}

function publicKeyIn(file: string): string {
  const key = parsePublicKey(read(file))
  if (key !== null) return key
  throw domainError('public_key_invalid', `${file} does not hold what ledger public-key prints`)
}

function read(file: string): string {
  try {
    // The mark that some editors begin a file with is nothing that was written there.
    return readFileSync(file, 'utf8').replace(/^\ufeff/, '')
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

function unreadable(files: readonly string[], cause: unknown): DomainError {
  const { code, path = files.join(', ') } = cause as NodeJS.ErrnoException
  return domainError('file_unreadable', `${path} cannot be read (${code})`, { cause })
}

function document({ entries, writers, openCalls, signatures, signedUntil, faults, ...found }: Verification) {
  const signed = { signatures, signed_until: signedUntil }
  const heads = { heads: found.heads, heads_before_cut: found.headsBeforeCut }
  return { whole: faults.length === 0, entries, writers, open_calls: openCalls, ...signed, ...heads, faults }
}

/** Whoever gives a key or heads expects something that they are about: an empty file, or the wrong one, is not whole. */
function requireEntries({ entries, faults }: Verification, { head, publicKey }: VerifyOptions): void {
  if (entries > 0 || faults.length > 0 || (head ?? publicKey) === undefined) return
  throw domainError('nothing_to_check', 'there is nothing to check: it holds no entries')
}

function refuseBroken({ faults }: Verification): void {
  const [fault] = faults
  if (fault) throw domainError('ledger_broken', `the ledger is broken: ${describeFinding(fault)}`)
}
