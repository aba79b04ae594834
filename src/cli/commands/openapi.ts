import { writeFileSync } from 'node:fs'
import { Command } from 'commander'
import { domainError } from '../../contract/error-table.ts'
import type { ProcessContext } from '../context.ts'
import { type OutputOptions, withOutputOptions } from '../input/options.ts'
import { print } from '../output/print.ts'

type OpenapiOptions = OutputOptions & { readonly output?: string; readonly admin?: true }

/** `openapi`: writes the description of the gateway's HTTP API, or of its admin API, made from its routes. */
export function openapiCommand(context: ProcessContext): Command {
  const command = new Command('openapi')
    .description('write the OpenAPI description of the gateway')
    .option('--admin', 'describe the admin API')
    .option('--output <file>', 'write it here (default: openapi/gateway.json, or openapi/admin.json)')
  return withOutputOptions(command).action(async (options: OpenapiOptions) => {
    const file = options.output ?? (options.admin ? 'openapi/admin.json' : 'openapi/gateway.json')
    const { version } = context.administrator
    const description = options.admin ? await describeAdminApi(version) : await describeApi(version)
    try {
      writeFileSync(file, description)
    } catch (error) {
      const reason = (error as NodeJS.ErrnoException).code
      throw domainError('file_unwritable', `cannot write ${file} (${reason}); choose another by --output`)
    }
    print(context, options, { file }, `${file} is written.\n`)
  })
}

/** The description as text, the same each time for the same routes. Nothing listens, nothing is opened. */
export async function describeApi(version: string): Promise<string> {
  const { buildApp, shared } = await loaded()
  const app = await buildApp({
    ...shared,
    version,
    directory: { authenticate: unused },
    limiters: { tenants: { name: 'tenant', take: unused }, failures },
    ledger: { recordRejection: unused },
    contentApi: { startSync: unused },
    history: { syncHistory: unused }
  })
  return await described(app)
}

/** The description of the admin API as text, the same each time for the same routes. */
export async function describeAdminApi(version: string): Promise<string> {
  const { buildAdminApp, shared } = await loaded()
  const app = await buildAdminApp({
    ...shared,
    version,
    adminKeys: { authenticate: unused },
    limiters: { failures },
    reader: { read: unused },
    administration: { execute: unused },
    limitsInUse: unused,
    credentials: { list: unused, show: unused }
  })
  return await described(app)
}

async function described(app: { swagger(): object; close(): Promise<unknown> }): Promise<string> {
  try {
    return `${JSON.stringify(app.swagger(), null, 2)}\n`
  } finally {
    await app.close()
  }
}

/** Both applications, and what both are built from. */
async function loaded() {
  const [{ buildApp }, { buildAdminApp }, { createLogger }] = await Promise.all([
    import('../../app.ts'),
    import('../../admin-app.ts'),
    import('../../telemetry/logger.ts')
  ])
  const shared = {
    logger: createLogger('silent', { write: () => {} }),
    lifecycle: { draining: false },
    trustedProxies: [],
    upstreamDeadlineMs: 30_000,
    unreadiness: () => null
  }
  return { buildApp, buildAdminApp, shared }
}

const failures = { name: 'unauthenticated', take: unused }

/** Stands for what routes call when they are asked: while they are described, nobody asks. */
function unused(): never {
  throw new Error('no request is answered while the API is described')
}
