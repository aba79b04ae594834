import { Command } from 'commander'
import type { ProcessContext } from '../context.ts'
import { withCurrentState } from '../current-state.ts'
import { type ConfigOptions, withConfigOptions } from '../input/options.ts'
import { writeOwned } from '../output/write-owned.ts'
import { stateDocument, writeState } from '../output/write-state.ts'

type ExportOptions = ConfigOptions & { readonly output?: string }

/** `export`: the current state as a file that `apply` takes, and never a secret. */
export function exportCommand(context: ProcessContext): Command {
  const command = new Command('export')
    .description('print tenants and credentials as a state file that `apply` takes, never a key')
    .option('--output <file>', 'write it here, readable by its owner alone, and replace what is there')
  return withConfigOptions(command).action(async (options: ExportOptions) => {
    const document = await withCurrentState(
      context,
      { ...options, verified: true },
      ({ tenants, credentials }) => stateDocument(tenants, credentials)
    )
    const text = options.json ? `${JSON.stringify(document)}\n` : writeState(document)
    if (options.output === undefined) context.stdout.write(text)
    else writeOwned(options.output, text)
  })
}
