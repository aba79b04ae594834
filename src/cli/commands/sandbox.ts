import type { Sandbox } from '../../sandbox/sandbox.ts'
import { defineCommand } from '../define-command.ts'
import { optionOr, portOption, wholeNumber } from '../input/options.ts'
import { print } from '../output/print.ts'
import { keyValueLines, table } from '../output/table.ts'

/** `sandbox`: runs a stand-in upstream on loopback until it is interrupted. */
export const sandboxCommand = defineCommand({
  usage: 'sandbox',
  summary: 'run a stand-in upstream on loopback, with connectors of each type',
  readsConfig: false,
  options: {
    port: portOption('8090'),
    seed: optionOr('1', '<n>', 'the same seed gives the same connectors', wholeNumber(0, 4_294_967_295))
  },
  async run(context, options) {
    const { startSandbox } = await import('../../sandbox/sandbox.ts')
    const stop = context.interrupted()
    const sandbox = await startSandbox({ port: options.port, seed: options.seed })
    const { origin, key, connectors } = sandbox
    print(context, options, { origin, key, connectors }, text(sandbox))
    await stop
    await sandbox.close()
  }
})

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
