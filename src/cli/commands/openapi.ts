import { writeFileSync } from 'node:fs'
import { defineCommand } from '../define-command.ts'
import { flag, option } from '../input/options.ts'
import { reportUnwritable } from '../output/write-owned.ts'

/** `openapi`: writes the description of the gateway's HTTP API, or of its admin API, made from its routes. */
export const openapiCommand = defineCommand({
  usage: 'openapi',
  summary: 'write the OpenAPI description of the gateway',
  readsConfig: false,
  options: {
    admin: flag('describe the admin API'),
    output: option('<file>', 'write it here (default: openapi/gateway.json, or openapi/admin.json)')
  },
  async run({ administrator: { version } }, { admin, output }) {
    const file = output ?? (admin ? 'openapi/admin.json' : 'openapi/gateway.json')
    const description = await (admin ? describeAdminApi : describeApi)(version)
    reportUnwritable(file, () => writeFileSync(file, description))
    return { file }
  },
  text: ({ file }) => `${file} is written.\n`
})

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
