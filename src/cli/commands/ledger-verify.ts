import { readFileSync } from 'node:fs'
import type { DomainError } from '../../base/domain-error.ts'
import { domainError } from '../../contract/error-table.ts'
import type { Head } from '../../ledger/entry/chain.ts'
import { parsePublicKey } from '../../ledger/entry/signature.ts'
import { parseChainHeads } from '../../ledger/query/chain-heads.ts'
import { describeFinding } from '../../ledger/verify/finding.ts'
import type { Verification } from '../../ledger/verify/verify.ts'
import { verifyParts } from '../../ledger/verify/verify-parts.ts'
import { readHeadRecords } from '../../ledger/writer/head-record.ts'
import type { ProcessContext } from '../context.ts'
import { defineCommand } from '../define-command.ts'
import { type ConfigOptions, option, repeated, type ValuesOf } from '../input/options.ts'
import { withProgress } from '../output/progress.ts'
import { verificationReport } from '../output/verification-report.ts'
import { withLedger } from '../with-ledger.ts'

const options = {
  file: repeated('<file>', 'check this export instead of the store, not a pipe; more in their order'),
  archive: repeated('<file>', 'begin with this archive of a prune; more of them in their order'),
  head: option('<file>', 'what `ledger head --json` printed earlier: shows a tail that was cut off since'),
  publicKey: option('<file>', 'what `ledger public-key` printed: no other signature counts')
}

type VerifyOptions = ConfigOptions & ValuesOf<typeof options>

/** `ledger verify`: 0 whole, 1 broken, 2 could not check. */
export const verify = defineCommand({
  usage: 'verify',
  summary: 'check that no entry was edited, lost, moved, added, cut off or signed by somebody else',
  options,
  async run(context, given) {
    if (given.file && given.archive)
      throw domainError('usage_invalid', '--file and --archive exclude each other: give all as --file')
    const found = await verified(context, given)
    requireEntries(found, given)
    return found
  },
  json: document,
  text: verificationReport,
  judge: requireWhole
})

async function verified(context: ProcessContext, options: VerifyOptions): Promise<Verification> {
  const { file, archive = [], head, publicKey } = options
  const known = {
    heads: head === undefined ? [] : headsIn(head),
    publicKeys: publicKey === undefined ? undefined : new Set([publicKeyIn(publicKey)])
  }
  return await withProgress(context, show => {
    const checked = (entries: number) => show('checked', entries)
    if (file) return readable(file, () => verifyParts(file, known, null, checked))
    return withLedger(context, options, ({ database, path }) => {
      const facts = { ...known, acknowledged: readHeadRecords(path) }
      return readable(archive, () => verifyParts(archive, facts, database, checked))
    })
  })
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
    // Some editors begin a file with a byte order mark.
    return readFileSync(file, 'utf8').replace(/^\ufeff/, '')
  } catch (error) {
    throw unreadable([file], error)
  }
}

/** Runs `work`, and reports that a file cannot be read. */
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

function document({ openCalls, signedUntil, headsBeforeCut, ...found }: Verification) {
  const { entries, writers, signatures, heads, faults } = found
  return {
    whole: faults.length === 0,
    entries,
    writers,
    open_calls: openCalls,
    signatures,
    signed_until: signedUntil,
    heads,
    heads_before_cut: headsBeforeCut,
    faults
  }
}

/** Heads and keys belong to a ledger with entries: an empty file is the wrong one, and not whole. */
function requireEntries({ entries, faults }: Verification, { head, publicKey }: VerifyOptions): void {
  if (entries > 0 || faults.length > 0 || (head ?? publicKey) === undefined) return
  throw domainError('nothing_to_check', 'there is nothing to check: the ledger holds no entries')
}

function requireWhole({ faults }: Verification): void {
  const [fault] = faults
  if (fault) throw domainError('ledger_broken', `the ledger is broken: ${describeFinding(fault)}`)
}
