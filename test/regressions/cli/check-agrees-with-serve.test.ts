import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect } from 'vitest'
import { loadConfig } from '../../../src/config/config.ts'
import { type Gateway, startGateway } from '../../../src/gateway.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import type { CommandLine } from '../../support/cli/command-line.ts'
import { test } from '../../support/fixtures/test.ts'
import type { TlsFolder } from '../../support/fixtures/tls-files.ts'

type Env = Record<string, string>
type Line = { readonly event?: string; readonly warning?: string }
/** What `serve` did with these settings: the reason for which it ended, and the lines of its log. */
type Served = { readonly reason: string; readonly lines: readonly Line[]; readonly log: string }

let cli: CommandLine
let tls: TlsFolder
let env: Env
test.beforeEach(async ({ cli: opened, tls: made }) => {
  cli = opened
  tls = made
  const masterKey = join(cli.folder, 'master.key')
  writeFileSync(masterKey, 'a master key that opens nothing but this one test store', { mode: 0o600 })
  env = {
    GATEWAY_PORT: '0',
    GATEWAY_ADMIN_PORT: '0',
    GATEWAY_STORE_URL: `sqlite:${cli.storePath}`,
    GATEWAY_MASTER_KEY: `file:${masterKey}`,
    GATEWAY_UPSTREAM_ORIGIN: 'http://127.0.0.1:9',
    BIGDATA_API_KEY: 'bd_v2_canary_in_the_setting'
  }
  await run('tenant', 'create', 'acme')
  await run('key', 'issue', 'acme')
})

async function run(...words: string[]): Promise<void> {
  expect(await cli.run(words, env)).toMatchObject({ code: 0 })
}

/** Adds a credential as a command does that was given its key by a reference. */
async function addCredential(name: string, source: string, ...more: string[]): Promise<void> {
  await run('credential', 'add', name, '--from', source, ...more)
}

async function serve(): Promise<Served> {
  const texts: string[] = []
  const logger = createLogger('info', { write: line => void texts.push(line) })
  let reason = ''
  let gateway: Gateway | undefined
  try {
    gateway = await startGateway(loadConfig(env), { env, logger, pid: process.pid })
  } catch (error) {
    reason = (error as Error).message
  }
  await gateway?.close()
  return { reason, lines: texts.map(text => JSON.parse(text) as Line), log: texts.join('') }
}

const pathOf = (name: string) => join(cli.folder, name)

type Fault = readonly [what: string, break_: () => void | Promise<void>, sentence: RegExp]

describe('check reports what keeps serve from working, in the same words:', () => {
  const atTheStart: readonly Fault[] = [
    [
      'two listeners on one port',
      () => Object.assign(env, { GATEWAY_PORT: '9000', GATEWAY_ADMIN_PORT: '9000' }),
      /GATEWAY_ADMIN_PORT: is the port of the public listener too \(GATEWAY_PORT\): choose another/
    ],
    [
      'a key of another certificate',
      () => {
        Object.assign(env, tls.env)
        tls.writeKey(tls.issueServer().key)
      },
      /GATEWAY_TLS_KEY: is not the key of the certificate/
    ],
    [
      'a store that is no database',
      () => {
        env['GATEWAY_STORE_URL'] = `sqlite:${pathOf('text.db')}`
        writeFileSync(pathOf('text.db'), 'this is no database '.repeat(100))
      },
      /cannot open the store \S+: file is not a database/
    ],
    [
      'a store that is a folder',
      () => {
        env['GATEWAY_STORE_URL'] = `sqlite:${cli.folder}`
      },
      /cannot open the store \S+: it is a folder/
    ],
    [
      'no upstream key',
      () => {
        delete env['BIGDATA_API_KEY']
      },
      /env:BIGDATA_API_KEY is not set/
    ],
    [
      'an upstream key in quotes',
      () => {
        env['BIGDATA_API_KEY'] = '"bd_v2_canary_in_quotes"'
      },
      /env:BIGDATA_API_KEY gives no key: the key is in quotes: give it without them/
    ],
    [
      'a host that does not resolve',
      () => {
        env['GATEWAY_HOST'] = 'nowhere.invalid'
      },
      /getaddrinfo \w+ nowhere\.invalid/
    ],
    [
      'an address of another machine',
      () => {
        env['GATEWAY_ADMIN_HOST'] = '192.0.2.1'
      },
      /address(?: not available)? 192\.0\.2\.1/
    ]
  ]
  test.each(atTheStart)('%s', async (_what, breakIt, sentence) => {
    await breakIt()
    const checked = await cli.run(['check'], env)
    expect(checked).toMatchObject({ code: 2, stdout: '' })
    expect(checked.stderr).toMatch(sentence)
    expect((await serve()).reason).toMatch(sentence)
  })

  const later: readonly Fault[] = [
    [
      'another master key than that of the store',
      () => writeFileSync(pathOf('master.key'), 'x'.repeat(44)),
      /the store was made with another master key: give that one as GATEWAY_MASTER_KEY/
    ],
    [
      'a master key that no longer exists',
      () => rmSync(pathOf('master.key')),
      /file:\S+master\.key cannot be read \(ENOENT\)/
    ],
    [
      'the reference of a credential that no longer leads to a key',
      async () => {
        writeFileSync(pathOf('other.key'), 'bd_v2_canary_of_a_file', { mode: 0o600 })
        await addCredential('other', `file:${pathOf('other.key')}`)
        rmSync(pathOf('other.key'))
      },
      /file:\S+other\.key cannot be read \(ENOENT\)/
    ],
    [
      'a missing file with the keys of an issuer',
      () => {
        const issuer = { name: 'a', issuer: 'a', audience: 'a', algorithms: ['ES256'] }
        env['GATEWAY_JWT_ISSUERS'] = JSON.stringify([{ ...issuer, jwks: `file:${pathOf('keys.json')}` }])
      },
      /file:\S+keys\.json cannot be read \(ENOENT\)/
    ],
    [
      'a credential whose row was altered',
      async () => {
        await addCredential('other', 'env:BIGDATA_API_KEY', '--seal')
        const store = new DatabaseSync(cli.storePath)
        store.exec("UPDATE credential_version SET fingerprint = 'aaaaaaaaaaaaaaaa'")
        store.close()
      },
      /the rows of credentials are not those that were stored: restore a copy of the store/
    ]
  ]
  test.each(later)('%s', async (_what, breakIt, sentence) => {
    await breakIt()
    const checked = await cli.run(['check'], env)
    expect(checked).toMatchObject({ code: 2, stdout: '' })
    expect(checked.stderr).toMatch(sentence)
    expect((await serve()).log).toMatch(sentence)
  })
})

describe('check never says that a credential opens which serve cannot open:', () => {
  test('a credential whose reference gives another key now', async () => {
    writeFileSync(pathOf('other.key'), 'bd_v2_canary_of_a_file', { mode: 0o600 })
    await addCredential('other', `file:${pathOf('other.key')}`)
    writeFileSync(pathOf('other.key'), 'bd_v2_canary_of_another')
    const checked = await cli.run(['check'], env)
    expect(checked.stdout).toMatch(/credential +other@1, file:\S+other\.key \(gives another key now\)/)
    expect(checked.stdout).toContain(
      'warning: credential other: its reference gives another key than version 1: the next start takes it for a new version'
    )
    expect((await serve()).lines.map(({ event }) => event)).toContain('credential.unreadable')
    expect((await cli.run(['check'], env)).stdout).toMatch(
      /credential +other@2, file:\S+other\.key \(opens\)/
    )
  })

  test.each([
    ['another key', { BIGDATA_API_KEY: 'bd_v2_canary_of_another' }],
    ['the key of another reference', { GATEWAY_UPSTREAM_KEY: 'env:NEW', NEW: 'bd_v2_canary_of_another' }]
  ])('one that follows a setting which gives %s by now', async (_what, changed) => {
    await serve()
    Object.assign(env, changed)
    const checked = await cli.run(['check'], env)
    expect(checked).toMatchObject({ code: 0 })
    expect(checked.stdout).toMatch(/credential +default@1, env:BIGDATA_API_KEY \(gives another key now\)/)
    expect(checked.stdout).toContain(
      'warning: credential default: GATEWAY_UPSTREAM_KEY gives another key than version 1: the next start takes it for a new version'
    )
    expect((await serve()).log).toContain('"credential":"default@2"')
    expect((await cli.run(['check'], env)).stdout).toMatch(/credential +default@2, env:\w+ \(opens\)/)
  })

  test('a credential that follows a setting which no longer gives a key', async () => {
    await addCredential('other', 'env:BIGDATA_API_KEY', '--seal')
    await serve()
    delete env['BIGDATA_API_KEY']
    const checked = await cli.run(['check'], env)
    expect(checked).toMatchObject({ code: 0 })
    expect(checked.stdout).toMatch(/credential +default@1, env:BIGDATA_API_KEY \(does not open\)/)
    expect(checked.stdout).toContain(
      'warning: credential default: cannot be opened: env:BIGDATA_API_KEY is not set'
    )
    const { reason, lines } = await serve()
    expect(reason).toBe('')
    expect(lines.map(({ event }) => event)).toContain('credential.unreadable')
  })
})

test('a configuration that starts but may be a mistake is a warning of both, in the same words', async () => {
  await run('tenant', 'create', 'asleep')
  await run('tenant', 'disable', 'asleep')
  const ended = { from: new Date(Date.now() - 2000), to: new Date(Date.now() - 1000) }
  const server = tls.issueServer(ended)
  tls.writeCertificate(server.certificate)
  tls.writeKey(server.key)
  const keyFile = tls.env.GATEWAY_TLS_KEY.slice('file:'.length)
  for (const file of [keyFile, pathOf('master.key')]) chmodSync(file, 0o644)
  Object.assign(env, tls.env, {
    GATEWAY_PROT: '1',
    GATEWAY_SERVICE_HOST: '10.0.0.1',
    HTTPS_PROXY: 'http://hush@proxy.example',
    GATEWAY_EXEC_ENVIRONMENT: 'BIGDATA_API_KEY, VAULT_TOKEN',
    GATEWAY_JWT_ISSUERS: JSON.stringify([
      {
        name: 'company',
        issuer: 'i',
        audience: 'a',
        algorithms: ['ES256'],
        jwks: 'https://127.0.0.1.nip.invalid/keys',
        tenants: { one: 'acme', two: 'asleep' }
      }
    ]),
    GATEWAY_CLIENT_CERTIFICATES: JSON.stringify([{ san_uri: 'spiffe://a/b', tenant: 'nobody' }])
  })
  const checked = await cli.run(['check', '--json'], env)
  const { warnings } = JSON.parse(checked.stdout) as { warnings: string[] }
  expect(warnings).toEqual([
    'GATEWAY_PROT is set but is not a setting: did you mean GATEWAY_PORT?',
    expect.stringMatching(/^GATEWAY_SERVICE_HOST is no setting but describes the service gateway,/),
    expect.stringMatching(
      /^HTTPS_PROXY is not used: the gateway goes to https:\/\/127\.0\.0\.1\.nip\.invalid directly/
    ),
    'GATEWAY_EXEC_ENVIRONMENT: VAULT_TOKEN is not set in this environment: commands of exec: references run without it',
    `GATEWAY_MASTER_KEY: file:${pathOf('master.key')} can be read by everybody on this machine (mode 644): chmod 600 it (environment)`,
    `GATEWAY_TLS_KEY: file:${keyFile} can be read by everybody on this machine (mode 644): chmod 600 it (environment)`,
    expect.stringMatching(/^GATEWAY_TLS_CERT: holds a certificate that has expired \(.*Z\) \(environment\)$/),
    'GATEWAY_CLIENT_CERTIFICATES[0].tenant: leads to tenant nobody, which does not exist (environment)',
    'GATEWAY_JWT_ISSUERS[0].tenants.two: leads to tenant asleep, which is disabled (environment)'
  ])
  const { lines } = await serve()
  const logged = lines.filter(({ event }) => event === 'setting.questionable').map(({ warning }) => warning)
  expect(logged).toEqual(warnings)
})

test('a folder instead of a key file is a fault, without a warning about its mode', async () => {
  env['GATEWAY_UPSTREAM_KEY'] = `file:${cli.folder}`
  chmodSync(cli.folder, 0o755)
  const { stderr } = await cli.run(['check'], env)
  expect(stderr).toContain('GATEWAY_UPSTREAM_KEY: file:')
  expect(stderr).not.toContain('warning')
})

test('check reports all faults at once: of settings, files, the store, keys and credentials, in a stable order', async () => {
  Object.assign(env, tls.env, { GATEWAY_DOCS: 'no', GATEWAY_TLS_CERT: `file:${pathOf('none.pem')}` })
  delete env['BIGDATA_API_KEY']
  writeFileSync(pathOf('gateway.yaml'), 'GATEWAY_DRAIN_DELAY_MS: soon\nGATEWAY_KEEP_ALIV_MS: 1\n')
  const failed = () => cli.run(['check', '--json'], env)
  const first = await failed()
  expect(first).toMatchObject({ code: 2, stdout: '' })
  expect((JSON.parse(first.stderr) as { errors: unknown }).errors).toEqual([
    {
      pointer: '/GATEWAY_KEEP_ALIV_MS',
      detail: 'is not a setting: did you mean GATEWAY_KEEP_ALIVE_MS?',
      source: 'gateway.yaml:2:1'
    },
    { pointer: '/GATEWAY_DOCS', detail: expect.stringMatching(/^must be one of/), source: 'environment' },
    {
      pointer: '/GATEWAY_DRAIN_DELAY_MS',
      detail: 'must be milliseconds, 0 to 300000',
      source: 'gateway.yaml:1:1'
    },
    {
      pointer: '/GATEWAY_TLS_CERT',
      detail: `file:${pathOf('none.pem')} cannot be read (ENOENT)`,
      source: 'environment'
    },
    { pointer: '/GATEWAY_UPSTREAM_KEY', detail: 'env:BIGDATA_API_KEY is not set' }
  ])
  expect(await failed()).toEqual(first)
  expect(readFileSync(pathOf('gateway.yaml'), 'utf8')).toContain('soon')
})
