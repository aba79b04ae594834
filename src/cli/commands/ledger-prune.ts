import type { DomainError } from '../../base/domain-error.ts'
import { domainError } from '../../contract/error-table.ts'
import { ledgerSigner } from '../../custody/crypto/ledger-signer.ts'
import { prune } from '../../ledger/retention/prune.ts'
import { defineStoreCommand } from '../define-command.ts'
import { option, required } from '../input/options.ts'
import { pastTime } from '../input/time-options.ts'
import { withProgress } from '../output/progress.ts'
import type { OpenedStore } from '../with-store.ts'

/** `ledger prune`: moves the beginning of the ledger into an archive that is checked before anything is removed. */
export const pruneCommand = defineStoreCommand({
  usage: 'prune',
  summary: 'move old entries into an archive, and record the prune point in a signed entry',
  options: {
    before: required(
      option('<time>', 'entries older than this: a date, a time, or a duration such as 90d', pastTime)
    ),
    archive: required(option('<file>', 'the file to make; compressed when its name ends in .gz'))
  },
  async run(opened, { before: time, archive }) {
    const now = new Date()
    const before = time(now)
    if (before > now)
      throw domainError(
        'usage_invalid',
        `--before ${before.toISOString()} is yet to come: entries written until then would not be older`
      )
    return { archive, ...(await pruned(opened, { before, archive, now })) }
  },
  text: ({ entries, sha256, archive }) => `${entries} entries are in ${archive}\nsha256 ${sha256}\n`
})

type Limits = { readonly before: Date; readonly archive: string; readonly now: Date }

async function pruned({ context, store, masterKey }: OpenedStore, limits: Limits) {
  const interrupt = new AbortController()
  context.interrupted().then(() => interrupt.abort(interrupted()))
  try {
    return await withProgress(context, async show =>
      prune(store, {
        ...limits,
        administrator: context.administrator,
        signer: ledgerSigner(await masterKey()),
        signal: interrupt.signal,
        onProgress: show
      })
    )
  } catch (error) {
    throw failureOf(error, interrupt.signal)
  }
}

function interrupted(): DomainError {
  return domainError(
    'interrupted',
    'interrupted: either nothing was pruned, or the archive is complete and the next prune removes the remaining entries'
  )
}

function failureOf(error: unknown, { aborted, reason }: AbortSignal): unknown {
  if (aborted) return reason
  const { syscall, code, path } = error as NodeJS.ErrnoException
  if (syscall === undefined) return error
  return domainError('archive_unwritable', `${path ?? 'the archive'} cannot be written (${code})`)
}
