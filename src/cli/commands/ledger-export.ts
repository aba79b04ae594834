import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip, type Gzip } from 'node:zlib'
import { InvalidArgumentError } from 'commander'
import { domainError } from '../../contract/error-table.ts'
import { exportedLines, positionOfEntry } from '../../ledger/query/export.ts'
import { defineLedgerCommand } from '../define-command.ts'
import { flag, option } from '../input/options.ts'
import { withProgress } from '../output/progress.ts'

type Position = { readonly writer: string; readonly seq: number }

/** `ledger export`: always whole, as a selection could not be verified; `--after` continues an earlier export. */
export const exportEntries = defineLedgerCommand({
  usage: 'export',
  summary: 'print all entries in the order of their commits, one JSON object a line',
  options: {
    after: option('<writer:seq>', 'continue after the last entry of an earlier export', position),
    gzip: flag('compress it')
  },
  async run({ database, context }, { after, gzip }) {
    const from = after && positionOfEntry(database, after.writer, after.seq)
    if (from === null) throw domainError('entry_not_found', 'the ledger holds no such entry')
    await withProgress(context, show =>
      write(counted(exportedLines(database, from), show), context.stdout, gzip ? [createGzip()] : [])
    )
  }
})

function* counted(texts: Iterable<string>, show: (step: string, entries: number) => void): Generator<string> {
  let entries = 0
  for (const text of texts) {
    yield text
    entries += text.split('\n').length - 1
    show('exported', entries)
  }
}

function position(text: string): Position {
  const [, writer, seq] = /^(.+):([1-9][0-9]{0,14})$/.exec(text) ?? []
  if (writer === undefined)
    throw new InvalidArgumentError('It must be WRITER:SEQ, those of the last exported line.')
  return { writer, seq: Number(seq) }
}

/** Writes as fast as the reader reads. A reader may stop early. */
async function write(
  texts: Iterable<string>,
  to: NodeJS.WritableStream,
  steps: readonly Gzip[]
): Promise<void> {
  try {
    await pipeline([Readable.from(texts, { highWaterMark: 1 }), ...steps, to], { end: false })
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (!['EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED'].includes(code)) throw error
  }
}
