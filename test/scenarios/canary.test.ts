import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Sink, scanForCanary } from '../support/checker-canary.ts'
import { canaryKey, type RunningGateway, Scenario } from '../support/scenario.ts'
import { ScenarioClient } from '../support/scenario-client.ts'
import { load, times } from '../support/scenario-load.ts'
import { filesBelow } from '../support/scenario-sinks.ts'
import { eventually } from '../support/scenario-wait.ts'

const pages = ['/openapi.json', '/problems', '/problems/upstream_credential_rejected', '/docs/', '/livez']
const adminPages = ['/readyz', '/metrics', '/no-such-page']

/** An upstream that gives the key back wherever it can: in bodies, headers, messages and ids. */
function echoKey({ sandbox }: Scenario): void {
  const secret = Buffer.from(canaryKey)
  sandbox.faults.add(
    { fault: 'key-echo', probability: 0.2 },
    { fault: 'key-echo', options: { error_status: 401 }, probability: 0.2 },
    { fault: 'key-echo', options: { error_status: 500 }, probability: 0.2 },
    { fault: 'not-http', options: { text: `${canaryKey}\r\n` }, probability: 0.1 },
    { fault: 'json-invalid', options: { text: `{"key":"${canaryKey}` }, probability: 0.1 },
    { fault: 'headers', options: { headers: [['x-request-id', canaryKey]] }, probability: 0.2 },
    { fault: 'redirect', options: { location: `http://x.invalid/?${canaryKey}` }, probability: 0.2 },
    {
      fault: 'content-error',
      options: { error_code: secret.toString('hex'), message: secret.toString('base64') },
      probability: 0.3
    }
  )
}

/** Everything that can be fetched without a key. */
async function fetchedPages({ port, adminPort }: RunningGateway): Promise<Sink[]> {
  const fetchOne = async (listener: number, path: string) => {
    const client = new ScenarioClient(listener)
    const { status, headers, body } = await client.send({
      method: 'GET',
      path,
      connectorId: '',
      body: '',
      key: ''
    })
    client.close()
    return { name: `${path} (${status})`, content: `${JSON.stringify(headers)}\n${body}` }
  }
  const all = [
    ...pages.map(path => fetchOne(port, path)),
    ...adminPages.map(path => fetchOne(adminPort, path))
  ]
  return await Promise.all(all)
}

/** What every reading command prints. */
async function commandOutputs(scenario: Scenario, requestId: string): Promise<Sink[]> {
  const commands = [
    'check',
    'tenant list',
    'tenant show acme',
    'key list acme',
    'grant list acme',
    'ledger list --limit 200',
    `ledger show ${requestId}`,
    'ledger verify',
    'ledger export'
  ]
  const sinks: Sink[] = []
  for (const command of commands)
    for (const json of command === 'ledger export' ? [[]] : [[], ['--json']]) {
      const { code, stdout, stderr } = await scenario.run(...command.split(' '), ...json)
      expect(code, `${command}: ${stderr}`).toBe(0)
      sinks.push({ name: command, content: stdout + stderr })
    }
  return sinks
}

test('neither the upstream key nor a tenant key shows anywhere, whatever the upstream gives back', async () => {
  const scenario = await Scenario.start({
    env: { GATEWAY_LOG_LEVEL: 'debug', GATEWAY_UPSTREAM_DEADLINE_MS: '2000' }
  })
  try {
    const { key } = await scenario.addTenant('acme')
    const gateway = await scenario.startGateway()
    echoKey(scenario)
    await load(scenario, { port: gateway.port, keys: [key, key, `${key}x`], clients: 6, goOn: times(240) })
    const requestId = String(
      scenario.ledger.entries().find(({ kind }) => kind === 'call.intent')?.['request_id']
    )
    const sinks = [
      ...(await fetchedPages(gateway)),
      ...(await commandOutputs(scenario, requestId)),
      // While it runs, so that the write-ahead log and its index are there too.
      ...filesBelow(scenario.folder)
    ]
    gateway.process.signal('SIGTERM')
    await gateway.process.exited
    sinks.push(...filesBelow(scenario.folder))

    const names = sinks.map(({ name }) => name)
    for (const wanted of ['gateway.db', 'gateway.db-wal', 'gateway.db-shm', '.stdout', '.stderr', '.lock'])
      expect(
        names.some(name => name.endsWith(wanted)),
        wanted
      ).toBe(true)
    expect(scenario.check({ sinks })).toEqual([])
    const secret = key.split('_')[2] ?? ''
    expect(secret.length).toBeGreaterThan(40)
    const answers = scenario.calls.map(call => ({ name: 'an answer', content: JSON.stringify(call) }))
    expect(scanForCanary(secret, [...sinks, ...answers])).toEqual([])
  } finally {
    await scenario.close()
  }
}, 60_000)

test('a process that crashes with the key in its error and its environment does not show it', async () => {
  const scenario = await Scenario.start({ env: { GATEWAY_LOG_LEVEL: 'debug' } })
  try {
    await scenario.addTenant('acme')
    const fault = join(scenario.folder, 'throw-later.mjs')
    writeFileSync(
      fault,
      `process.on('SIGUSR2', () => { throw new Error('cannot use ' + process.env.SCENARIO_UPSTREAM_KEY) })`
    )
    const { process } = await scenario.startGateway({ NODE_OPTIONS: `--import=${fault}` })
    process.signal('SIGUSR2')
    const { code } = await eventually('the process ends', () => process.ended)
    expect(code).toBe(1)
    expect(process.stdout() + process.stderr()).toMatch(/cannot use/)
    expect(scanForCanary(canaryKey, filesBelow(scenario.folder))).toEqual([])
  } finally {
    await scenario.close()
  }
}, 40_000)
