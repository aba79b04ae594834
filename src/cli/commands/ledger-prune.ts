import type { Command } from 'commander'
import type { DomainError } from '../../base/domain-error.ts'
import { domainError } from '../../contract/error-table.ts'
import { ledgerSigner } from '../../custody/crypto/ledger-signer.ts'
import { prune } from '../../ledger/retention/prune.ts'
import type { Pruned } from '../../ledger/retention/prune-options.ts'
import type { ProcessContext } from '../context.ts'
import { type ConfigOptions, withConfigOptions } from '../input/options.ts'
import { pastTime, type Time } from '../input/time-options.ts'
import { print } from '../output/print.ts'
import { progress } from '../output/progress.ts'
import { withStore } from '../with-store.ts'

type PruneOptions = ConfigOptions & { readonly before: Time; readonly archive: string }

/** `ledger prune`: moves the beginning of the ledger into an archive that is checked before anything is removed. */
export function addPrune(noun: Command, context: ProcessContext): void {
  const command = noun
    .command('prune')
    .description('move old entries into an archive, and sign where the ledger was cut')
    .requiredOption(
      '--before <time>',
      'entries older than this: a date, a time, or a duration such as 90d',
      pastTime
    )
    .requiredOption('--archive <file>', 'the file to make; compressed when its name ends in .gz')
  withConfigOptions(command).action(async (options: PruneOptions) => {
    const now = new Date()
    const before = options.before(now)
    if (before > now)
      throw domainError(
        'usage_invalid',
        `--before ${before.toISOString()} is yet to come: what is written until then would not be older`
      )
    const pruned = await withStore(context, options, async ({ store, masterKey }) => {
      const interrupt = new AbortController()
      context.interrupted().then(() => interrupt.abort(interrupted()))
      const { show, clear } = progress(context)
      try {
        return await prune(store, {
          before,
          archive: options.archive,
          administrator: context.administrator,
          signer: ledgerSigner(masterKey()),
          now,
          signal: interrupt.signal,
          onProgress: show
        })
      } catch (error) {
        throw failureOf(error, interrupt.signal)
      } finally {
        clear()
      }
    })
    print(context, options, { archive: options.archive, ...pruned }, told(pruned, options.archive))
  })
}

function interrupted(): DomainError {
  return domainError(
    'interrupted',
    'interrupted: either nothing was cut, or the archive is there and what is left to remove goes with the next prune'
  )
}

function failureOf(error: unknown, { aborted, reason }: AbortSignal): unknown {
  if (aborted) return reason
  const { syscall, code, path } = error as NodeJS.ErrnoException
  if (syscall === undefined) return error
  return domainError('archive_unwritable', `${path ?? 'the archive'} cannot be written (${code})`)
}

function told({ entries, sha256 }: Pruned, archive: string): string {
  return `${entries} entries are in ${archive}\nsha256 ${sha256}\n`
}
