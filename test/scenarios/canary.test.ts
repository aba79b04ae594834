import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { type Sink, scanForCanary } from '../support/checker/canary.ts'
import { adminPages as everyAdminPage } from '../support/http/admin-pages.ts'
import { ScenarioClient } from '../support/scenario/client.ts'
import { load, times } from '../support/scenario/load.ts'
import { canaryKey, type RunningGateway, Scenario } from '../support/scenario/scenario.ts'
import { filesBelow } from '../support/scenario/sinks.ts'
import { eventually } from '../support/scenario/wait.ts'

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
})

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
})

const nextKey = 'bd_v2_canary_next_5Yt8wQ2kLm7ZxV4c'
const vaultKey = 'no-form-is-prescribed:4Hq9/Lw7+Rt2~Xc5'
const masterKey = 'canary-of-the-master-key-8Jw3nQz6vB1kTy4m'
const nextMasterKey = 'canary-of-the-next-master-key-2Gx7pLs9dF5h'

/**
 * A command that prints a key, and writes down all that whoever looks at its process can see. Each file takes its place whole:
 * a command may be killed at any moment.
 */
const printsKey = `#!/bin/sh
cd "$(dirname "$0")"
see() { tr '\\0' '\\n' < "$1" > "seen/$2.$$" && mv "seen/$2.$$" "seen/$2"; }
see /proc/$$/environ environment.txt
see /proc/$$/cmdline words.txt
see /proc/$PPID/cmdline words-of-the-gateway.txt
cat given/vault.txt
`

/** A scenario with keys of every kind, each given in another way. The files of `given` are where keys may be. */
async function startWithAllKeys(): Promise<Scenario> {
  const scenario = await Scenario.start({
    env: {
      GATEWAY_LOG_LEVEL: 'debug',
      GATEWAY_UPSTREAM_KEY: 'env:NOT_USED',
      GATEWAY_MASTER_KEY: 'env:SCENARIO_MASTER_KEY',
      GATEWAY_EXEC_ENVIRONMENT: 'VAULT_ADDR',
      GATEWAY_EXEC_REFRESH_SECONDS: '1',
      SCENARIO_MASTER_KEY: masterKey,
      VAULT_ADDR: 'http://vault.invalid',
      PATH: process.env['PATH'] ?? ''
    }
  })
  const { folder, sandbox } = scenario
  for (const name of ['given', 'seen']) mkdirSync(join(folder, name))
  writeFileSync(join(folder, 'given', 'next.txt'), nextKey)
  writeFileSync(join(folder, 'given', 'vault.txt'), vaultKey)
  writeFileSync(join(folder, 'given', 'next-master.txt'), nextMasterKey)
  writeFileSync(join(folder, 'print-key'), printsKey)
  chmodSync(join(folder, 'print-key'), 0o700)
  for (const key of [nextKey, vaultKey, `${vaultKey}~`]) sandbox.addKey(key)
  return scenario
}

/** What a command prints, for programs and for people. Only the first may change something. */
async function outputOf(scenario: Scenario, ...words: string[]): Promise<Sink> {
  const { code, stdout, stderr } = await scenario.run(...words)
  expect(code, `${words.join(' ')}: ${stderr}`).toBe(0)
  return { name: words.join(' '), content: stdout + stderr }
}

/** A backup of the store, as the operator makes one. */
function backUp({ folder, storePath }: Scenario): void {
  const store = new DatabaseSync(storePath, { readOnly: true })
  store.exec(`VACUUM INTO '${join(folder, 'backup.db')}'`)
  store.close()
}

/** What commands print about a state file: an export, and an apply with a key that is fetched and verified. */
async function stateOutputs(scenario: Scenario): Promise<Sink[]> {
  const file = join(scenario.folder, 'state.yaml')
  const exported = await outputOf(scenario, 'export', '--output', file)
  const printed = await outputOf(scenario, 'export', '--json')
  const state = readFileSync(file, 'utf8')
  expect(state).toMatch(/exec:.*print-key …/)
  writeFileSync(file, state.replace(/exec:.*print-key …/, 'exec:./print-key "one word" more'))
  const tried = await outputOf(scenario, 'apply', '-f', file, '--dry-run', '--replay', '1h')
  const applied = await outputOf(scenario, 'apply', '-f', file, '--json')
  expect(JSON.parse(String(applied.content))).toMatchObject({
    changed: true,
    credentials: [{ credential: 'vault' }]
  })
  return [exported, printed, tried, applied]
}

test.skipIf(process.platform !== 'linux')(
  'sealed keys, keys of commands and the master keys show in no file, command, process, export, plan or admin answer',
  async () => {
    const scenario = await startWithAllKeys()
    try {
      const { folder } = scenario
      const sinks = [
        await outputOf(
          scenario,
          'credential',
          'add',
          'default',
          '--from',
          'env:SCENARIO_UPSTREAM_KEY',
          '--seal',
          '--json'
        ),
        await outputOf(scenario, 'credential', 'add', 'vault', '--from', 'exec:./print-key "one word"')
      ]
      const tenant = await scenario.addTenant('acme')
      const admin = await scenario.json<{ key: string }>('admin-key', 'issue', 'viewer', '--role', 'viewer')
      await scenario.json('tenant', 'update', 'acme', '--credentials', 'default,vault')
      const gateway = await scenario.startGateway({ NODE_OPTIONS: '--no-deprecation' })
      await load(scenario, { port: gateway.port, keys: [tenant.key], clients: 4, goOn: times(40) })
      const rotate = ['credential', 'rotate', 'default', '--from', 'file:given/next.txt', '--seal']
      sinks.push(await outputOf(scenario, ...rotate, '--json'))
      await gateway.process.logged(({ credential }) => credential === 'default@2')
      await load(scenario, { port: gateway.port, keys: [tenant.key], clients: 4, goOn: times(40) })
      writeFileSync(join(folder, 'given', 'vault.txt'), `${vaultKey}~`)
      await gateway.process.logged(({ credential }) => credential === 'vault@2')

      const requestId = String(
        scenario.ledger.entries().findLast(({ kind }) => kind === 'call.outcome')?.['request_id']
      )
      const pages = await everyAdminPage(gateway.adminPort, admin.key, {
        name: 'acme',
        credential: 'vault',
        request_id: requestId
      })
      expect(pages.filter(({ status }) => status !== 200)).toEqual([])
      expect(pages.length).toBeGreaterThan(6)
      backUp(scenario)
      sinks.push(...pages, ...filesBelow(folder))
      for (const words of [['credential', 'list'], ['admin-key', 'list'], ['ledger', 'list'], ['check']])
        sinks.push(await outputOf(scenario, ...words), await outputOf(scenario, ...words, '--json'))
      sinks.push(await outputOf(scenario, 'ledger', 'export'), ...(await stateOutputs(scenario)))
      sinks.push(
        await outputOf(scenario, 'credential', 'rewrap', '--to', 'file:given/next-master.txt', '--json')
      )
      gateway.process.signal('SIGTERM')
      await gateway.process.exited
      sinks.push(...filesBelow(folder))

      const seen = readFileSync(join(folder, 'seen', 'environment.txt'), 'utf8')
      expect(seen.split('\n').map(line => line.split('=')[0])).toContain('VAULT_ADDR')
      expect(seen).not.toMatch(/^(NODE_OPTIONS|GATEWAY_|SCENARIO_)/m)
      expect(readFileSync(join(folder, 'seen', 'words.txt'), 'utf8')).toContain('one word')
      const found = sinks.filter(({ name }) => !name.startsWith('given/'))
      for (const wanted of [
        'gateway.db',
        'gateway.db-wal',
        'gateway.db-shm',
        'backup.db',
        'environment.txt',
        '.stdout'
      ])
        expect(
          found.some(({ name }) => name.endsWith(wanted)),
          wanted
        ).toBe(true)
      const secretOf = (key: string) => key.split('_').slice(2).join('_')
      const secrets = { canaryKey, nextKey, vaultKey, masterKey, nextMasterKey }
      const issued = { tenant: secretOf(tenant.key), admin: secretOf(admin.key) }
      for (const [what, secret] of Object.entries({ ...secrets, ...issued })) {
        expect(secret.length, what).toBeGreaterThan(30)
        expect(scanForCanary(secret, found), what).toEqual([])
      }
      expect(scenario.check({ sinks: found })).toEqual([])
    } finally {
      await scenario.close()
    }
  }
)
