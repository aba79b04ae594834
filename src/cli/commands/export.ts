import { withCurrentState } from '../current-state.ts'
import { defineCommand } from '../define-command.ts'
import { option } from '../input/options.ts'
import { writeOwned } from '../output/write-owned.ts'
import { stateDocument, writeState } from '../output/write-state.ts'

/** `export`: the current state as a file that `apply` takes, and never a secret. */
export const exportCommand = defineCommand({
  usage: 'export',
  summary: 'print tenants and credentials as a state file that `apply` takes, never a key',
  options: {
    output: option('<file>', 'write it here, readable by its owner alone, and replace what is there')
  },
  async run(context, options) {
    const document = await withCurrentState(context, options, true, ({ tenants, credentials }) =>
      stateDocument(tenants, credentials)
    )
    const text = options.json ? `${JSON.stringify(document)}\n` : writeState(document)
    if (options.output === undefined) context.stdout.write(text)
    else writeOwned(options.output, text)
  }
})
