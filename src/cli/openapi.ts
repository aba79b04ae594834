import { writeFileSync } from 'node:fs'
import { Command } from 'commander'
import { CommandError, type ProcessContext } from './context.ts'
import { type OutputOptions, withOutputOptions } from './options.ts'
import { print } from './print.ts'

/** `openapi`: writes the description of the gateway's HTTP API, made from its routes. */
export function openapiCommand(context: ProcessContext): Command {
  const command = new Command('openapi')
    .description('write the OpenAPI description of the gateway')
    .option('--output <file>', 'write it here', 'openapi/gateway.json')
  return withOutputOptions(command).action(async (options: OutputOptions & { readonly output: string }) => {
    const file = options.output
    const description = await describeApi(context.administrator.version)
    try {
      writeFileSync(file, description)
    } catch (error) {
      const reason = (error as NodeJS.ErrnoException).code
      throw new CommandError(
        'file_unwritable',
        `cannot write ${file} (${reason}); choose another by --output`,
        2
      )
    }
    print(context, options, { file }, `${file} is written.\n`)
  })
}

/** The description as text, the same each time for the same routes. Nothing listens, nothing is opened. */
export async function describeApi(version: string): Promise<string> {
  const [{ buildApp }, { createLogger }] = await Promise.all([import('../app.ts'), import('../logger.ts')])
  const app = await buildApp({
    version,
    logger: createLogger('silent', { write: () => {} }),
    lifecycle: { draining: false },
    trustedProxies: [],
    upstreamDeadlineMs: 30_000,
    unreadiness: () => null,
    directory: { authenticate: unused },
    limiters: {
      tenants: { name: 'tenant', take: unused },
      failures: { name: 'unauthenticated', take: unused }
    },
    ledger: { recordRejection: unused },
    contentApi: { startSync: unused },
    history: { syncHistory: unused }
  })
  try {
    return `${JSON.stringify(app.swagger(), null, 2)}\n`
  } finally {
    await app.close()
  }
}

/** Stands for what routes call when they are asked: while they are described, nobody asks. */
function unused(): never {
  throw new Error('no request is answered while the API is described')
}
