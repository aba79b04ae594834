import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Command, InvalidArgumentError } from 'commander'
import { exportedLines, positionOf } from '../ledger/export.ts'
import { type CliContext, CommandError } from './context.ts'
import { withLedger } from './ledger-reader.ts'
import { type ConfigOptions, withConfigOptions } from './options.ts'

type Position = { readonly writer: string; readonly seq: number }
type ExportOptions = ConfigOptions & { readonly after?: Position }

/** `ledger export`: always whole, as a selection could not be verified; `--after` goes on where an export ended. */
export function addExport(noun: Command, context: CliContext): void {
  const command = noun
    .command('export')
    .description('print all entries in the order of their commits, one JSON object a line')
    .option('--after <writer:seq>', 'go on after the last entry of an earlier export', position)
  withConfigOptions(command).action(async (options: ExportOptions) => {
    await withLedger(context, options, async database => {
      const after = options.after && positionOf(database, options.after.writer, options.after.seq)
      if (after === null) throw new CommandError('entry_not_found', 'the ledger holds no such entry', 1)
      await write(exportedLines(database, after), context.stdout)
    })
  })
}

function position(text: string): Position {
  const [, writer, seq] = /^(.+):([1-9][0-9]{0,14})$/.exec(text) ?? []
  if (writer === undefined)
    throw new InvalidArgumentError('It must be WRITER:SEQ, as in the last line exported.')
  return { writer, seq: Number(seq) }
}

/** Writes as fast as the reader reads. A reader that has seen enough is no failure. */
async function write(lines: Iterable<string>, to: NodeJS.WritableStream): Promise<void> {
  try {
    await pipeline(Readable.from(lines, { highWaterMark: 1 }), to, { end: false })
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (!['EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED'].includes(code)) throw error
  }
}
