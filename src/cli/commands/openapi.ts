import { writeFileSync } from 'node:fs'
import { Command } from 'commander'
import type { ProcessContext } from '../context.ts'
import { type OutputOptions, withOutputOptions } from '../input/options.ts'
import { print } from '../output/print.ts'
import { reportUnwritable } from '../output/write-owned.ts'

type OpenapiOptions = OutputOptions & { readonly output?: string; readonly admin?: true }

/** `openapi`: writes the description of the gateway's HTTP API, or of its admin API, made from its routes. */
export function openapiCommand(context: ProcessContext): Command {
  const command = new Command('openapi')
    .description('write the OpenAPI description of the gateway')
    .option('--admin', 'describe the admin API')
    .option('--output <file>', 'write it here (default: openapi/gateway.json, or openapi/admin.json)')
  return withOutputOptions(command).action(async (options: OpenapiOptions) => {
    const file = options.output ?? (options.admin ? 'openapi/admin.json' : 'openapi/gateway.json')
    const describe = options.admin ? describeAdminApi : describeApi
    const description = await describe(context.administrator.version)
    reportUnwritable(file, () => writeFileSync(file, description))
    print(context, options, { file }, `${file} is written.\n`)
  })
}

/** The description as text, the same each time for the same routes. Nothing listens, nothing is opened. */
export async function describeApi(version: string): Promise<string> {
  const { buildApp } = await import('../../app.ts')
  return await describe(
    await buildApp({
      ...(await standIns(version)),
      directory: { authenticate: unused },
      limiters: { tenants: { name: 'tenant', take: unused }, failures },
      ledger: { recordRejection: unused },
      contentApi: { startSync: unused },
      history: { syncHistory: unused }
    })
  )
}

/** The description of the admin API as text, the same each time for the same routes. */
export async function describeAdminApi(version: string): Promise<string> {
  const { buildAdminApp } = await import('../../admin-app.ts')
  return await describe(
    await buildAdminApp({
      ...(await standIns(version)),
      adminKeys: { authenticate: unused },
      limiters: { failures },
      reader: { read: unused },
      administration: { execute: unused },
      readMemory: unused
    })
  )
}

async function describe(app: { swagger(): object; close(): Promise<unknown> }): Promise<string> {
  try {
    return `${JSON.stringify(app.swagger(), null, 2)}\n`
  } finally {
    await app.close()
  }
}

/** What both applications are built from. */
async function standIns(version: string) {
  const { createLogger } = await import('../../telemetry/logger.ts')
  return {
    version,
    logger: createLogger('silent', { write: () => {} }),
    processState: { draining: false },
    trustedProxies: [],
    upstreamDeadlineMs: 30_000,
    unreadiness: () => null
  }
}

const failures = { name: 'unauthenticated', take: unused }

/** A dependency of routes, which nobody calls while they are described. */
function unused(): never {
  throw new Error('no request is answered while the API is described')
}
