import { Command } from 'commander'
import type { Sandbox } from '../../sandbox/sandbox.ts'
import type { ProcessContext } from '../context.ts'
import { type OutputOptions, wholeNumber, withOutputOptions } from '../input/options.ts'
import { print } from '../output/print.ts'
import { keyValueLines, table } from '../output/table.ts'

type SandboxOptions = OutputOptions & { readonly port: number; readonly seed: number }

/** `sandbox`: runs a stand-in upstream on loopback until it is interrupted. */
export function sandboxCommand(context: ProcessContext): Command {
  const command = new Command('sandbox')
    .description('run a stand-in upstream on loopback, with connectors of each type')
    .option('--port <n>', 'listen on this port, 0 for any free one', wholeNumber(0, 65_535), 8090)
    .option('--seed <n>', 'the same seed gives the same connectors', wholeNumber(0, 4_294_967_295), 1)
  return withOutputOptions(command).action(async (options: SandboxOptions) => {
    const { startSandbox } = await import('../../sandbox/sandbox.ts')
    const stop = context.interrupted()
    const sandbox = await startSandbox({ port: options.port, seed: options.seed })
    const { origin, key, connectors } = sandbox
    print(context, options, { origin, key, connectors }, text(sandbox))
    await stop
    await sandbox.close()
  })
}

function text({ origin, key, connectors }: Sandbox): string {
  return `${keyValueLines([
    ['origin', origin],
    ['key', key]
  ])}\n${table(
    [
      ['CONNECTOR', connector => connector.connector_id],
      ['TYPE', connector => connector.type],
      ['LABEL', connector => connector.label ?? '-']
    ],
    connectors
  )}`
}
