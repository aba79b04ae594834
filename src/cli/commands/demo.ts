import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../../config/config.ts'
import type { Sandbox } from '../../sandbox/sandbox.ts'
import { type IssuedKey, issueKey } from '../../tenants/keys/keys.ts'
import { createTenant } from '../../tenants/tenants.ts'
import type { ProcessContext } from '../context.ts'
import { defineCommand } from '../define-command.ts'
import { portOption } from '../input/options.ts'
import { print } from '../output/print.ts'
import { withStore } from '../with-store.ts'

/** `demo`: a gateway in front of a stand-in upstream, with a tenant and a key, on a store that is removed at the end. */
export const demoCommand = defineCommand({
  usage: 'demo',
  summary: 'try the gateway: a stand-in upstream, a throw-away store, a key and a curl line',
  readsConfig: false,
  options: { port: portOption('8080') },
  async run(context, options) {
    const stop = context.interrupted()
    await using started = new AsyncDisposableStack()
    const facts = await startDemo(context, options.port, started)
    print(context, options, facts, text(facts))
    await stop
  }
})

async function startDemo(context: ProcessContext, port: number, started: AsyncDisposableStack) {
  const [{ startSandbox }, { startGateway }, { createLogger }] = await Promise.all([
    import('../../sandbox/sandbox.ts'),
    import('../../gateway.ts'),
    import('../../telemetry/logger.ts')
  ])
  const folder = mkdtempSync(join(tmpdir(), 'connector-gateway-demo-'))
  started.defer(() => rmSync(folder, { recursive: true, force: true }))
  const sandbox = await startSandbox()
  started.defer(() => sandbox.close())
  const config = writeSettings(folder, port, sandbox)
  // Without the environment, which may hold settings of a real gateway.
  const env = {}
  const issued = await withStore({ ...context, env }, { config }, async ({ administration, pepper }) => {
    await createTenant(administration, { name: 'demo', connectors: ['*'] })
    return await issueKey(administration, await pepper(), 'demo', null)
  })
  const gateway = await startGateway(loadConfig(env, config), {
    env,
    pid: context.administrator.pid,
    logger: createLogger('warn', { write: line => void context.stderr.write(line) })
  })
  started.defer(() => gateway.close())
  return { ...describe(sandbox, issued, gateway.url), admin_url: gateway.adminUrl, config }
}

/** Settings in a file, so that other commands can read the demo's store with `--config`. */
function writeSettings(folder: string, port: number, sandbox: Sandbox): string {
  const path = (name: string) => join(folder, name)
  writeFileSync(path('master.key'), randomBytes(32).toString('base64'), { mode: 0o600 })
  writeFileSync(path('upstream.key'), sandbox.key, { mode: 0o600 })
  const settings = {
    GATEWAY_PORT: port,
    GATEWAY_ADMIN_PORT: 0,
    GATEWAY_STORE_URL: `sqlite:${path('gateway.db')}`,
    GATEWAY_MASTER_KEY: `file:${path('master.key')}`,
    GATEWAY_UPSTREAM_ORIGIN: sandbox.origin,
    GATEWAY_UPSTREAM_KEY: `file:${path('upstream.key')}`
  }
  const lines = Object.entries(settings).map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`)
  writeFileSync(path('gateway.yaml'), lines.join(''))
  return path('gateway.yaml')
}

function describe(sandbox: Sandbox, { tenant, key_id, key }: IssuedKey, url: string) {
  const connector = sandbox.connectors.find(({ type }) => type === 'investment_research')
  if (connector === undefined) throw new Error('the sandbox has no investment_research connector')
  const { connector_id } = connector
  const curl = `curl -sS ${url}/connectors/${connector_id}/sync -H 'Authorization: Bearer ${key}' -H 'Content-Type: application/json' -d '{"date_limit":"2026-01-01"}'`
  return { url, upstream: sandbox.origin, tenant, key_id, key, connector_id, curl }
}

/** A checkout runs the source, a package the build. */
const programName = import.meta.url.endsWith('.ts') ? 'npm run -s gateway --' : 'npx connector-gateway'

function text(facts: Awaited<ReturnType<typeof startDemo>>): string {
  return `The gateway listens on ${facts.url}, in front of a stand-in upstream on ${facts.upstream}.
Tenant ${facts.tenant} may use every connector with this key:

${facts.key}

Paste this to trigger a sync (docs at ${facts.url}/docs):

${facts.curl}

And this to see its entries in the ledger:

${programName} ledger list --config ${facts.config}

Ctrl-C ends the demo and removes all it has stored.
`
}
