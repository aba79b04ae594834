import { Command } from 'commander'
import { domainError } from '../../contract/error-table.ts'
import type { ProcessContext } from '../context.ts'
import { withCurrentState } from '../current-state.ts'
import { type ConfigOptions, withConfigOptions } from '../input/options.ts'
import { writeOwned } from '../output/write-owned.ts'
import { stateDocument, writeState } from '../output/write-state.ts'

type ExportOptions = ConfigOptions & { readonly output?: string }

/** `export`: the present state as a file that `apply` takes, and never a secret. */
export function exportCommand(context: ProcessContext): Command {
  const command = new Command('export')
    .description('print tenants and credentials as a file that apply takes, never a key')
    .option('--output <file>', 'write it here, for its owner alone, in place of what is there')
  return withConfigOptions(command).action(async (options: ExportOptions) => {
    const document = await withCurrentState(
      context,
      { ...options, proved: true },
      ({ tenants, credentials }) => stateDocument(tenants, credentials)
    )
    const text = options.json ? `${JSON.stringify(document)}\n` : writeState(document)
    if (options.output === undefined) context.stdout.write(text)
    else write(options.output, text)
  })
}

/** For the owner alone: it tells who may call from where. */
function write(file: string, text: string): void {
  try {
    writeOwned(file, text)
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code
    throw domainError('file_unwritable', `cannot write ${file} (${reason}); choose another by --output`)
  }
}
