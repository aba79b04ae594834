import { writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { isLoopback } from '../../src/base/loopback.ts'
import { loadConfig } from '../../src/config/config.ts'
import { ConfigError, type ConfigIssue } from '../../src/config/error.ts'
import { folderForFile } from '../support/fixtures/temporary-folder.ts'

const secret = 'bd_v2_put_here_by_mistake'

const folder = folderForFile()

let files = 0
function yaml(text: string): string {
  const path = folder.pathOf(`${files++}.yaml`)
  writeFileSync(path, text)
  return path
}

/** The faults of a configuration, by key. Passes only if nothing that was given is repeated in any of them. */
function faultsOf(env: Record<string, string>, file = yaml('')): Record<string, string> {
  try {
    loadConfig(env, file)
    return {}
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    expect(error.message).not.toContain(secret)
    expect(JSON.stringify(error.faults)).not.toContain(secret)
    return Object.fromEntries(error.faults.map(({ key, detail }: ConfigIssue) => [key, detail]))
  }
}

test('without any setting the documented defaults hold', () => {
  expect(loadConfig({}, yaml(''))).toEqual({
    host: '127.0.0.1',
    port: 8080,
    adminHost: '127.0.0.1',
    adminPort: 8081,
    limitsUrl: 'memory:',
    storeUrl: 'sqlite:./data/gateway.db',
    upstreamOrigin: 'https://api.bigdata.com',
    upstreamKey: 'env:BIGDATA_API_KEY',
    upstreamKeyIsDefault: true,
    upstreamDeadlineMs: 30_000,
    upstreamBudgetPerMinute: 500,
    egressBudgetPerMinute: 1500,
    masterKey: 'file:./data/master.key',
    masterKeyIsDefault: true,
    execEnvironment: [],
    execRefreshSeconds: 300,
    logLevel: 'info',
    docs: 'public',
    drainDelayMs: 0,
    keepAliveMs: 72_000,
    trustedProxies: [],
    jwtIssuers: [],
    tls: null,
    clientCertificates: [],
    warnings: [],
    sources: new Map()
  })
})

test('a configuration that was read is frozen', () => {
  expect(Object.isFrozen(loadConfig({}, yaml('')))).toBe(true)
})

describe('where settings come from', () => {
  test('the file is read, and the environment wins over it', () => {
    const file = yaml('GATEWAY_PORT: 9000\nGATEWAY_HOST: 0.0.0.0\nGATEWAY_LOG_LEVEL: warn\n')
    const config = loadConfig({ GATEWAY_PORT: '9100', GATEWAY_LOG_LEVEL: '' }, file)
    expect(config).toMatchObject({ port: 9100, host: '0.0.0.0', logLevel: 'warn' })
  })

  test('a master key that was chosen, even the default one, is never made', () => {
    const chosen = { GATEWAY_MASTER_KEY: 'file:./data/master.key' }
    expect(loadConfig(chosen, yaml('')).masterKeyIsDefault).toBe(false)
    expect(loadConfig({}, yaml('GATEWAY_MASTER_KEY: env:MASTER')).masterKeyIsDefault).toBe(false)
  })

  test('an unknown GATEWAY_ variable is a warning, and other variables are ignored', () => {
    const config = loadConfig({ GATEWAY_PROT: secret, PATH: '/bin' }, yaml(''))
    expect(config.warnings).toEqual(['GATEWAY_PROT is set but is not a setting: did you mean GATEWAY_PORT?'])
  })

  test('a member of the file that is no setting is a fault', () => {
    expect(faultsOf({}, yaml(`GATEWAY_PROT: ${secret}\nport: 1\n`))).toEqual({
      GATEWAY_PROT: 'is not a setting: did you mean GATEWAY_PORT?',
      port: 'is not a setting: did you mean GATEWAY_PORT?'
    })
  })

  test.each([
    [
      'is not valid YAML: a bracket before this position that is not closed, or lines that are indented too little',
      `GATEWAY_PORT: [${secret}`
    ],
    ['is not valid YAML: a member that was given before', `a: 1\na: ${secret}`],
    ['must be a YAML mapping of settings, e.g. GATEWAY_PORT: 8080', `- ${secret}`],
    ['must be a YAML mapping of settings, e.g. GATEWAY_PORT: 8080', secret]
  ])('a file that %s is a fault that quotes none of it', (detail, text) => {
    const file = yaml(text)
    expect(faultsOf({}, file)).toEqual({ [file]: detail })
  })

  test('a missing file is a fault when it was named', () => {
    const file = folder.pathOf('absent.yaml')
    expect(faultsOf({}, file)).toEqual({ [file]: 'cannot be read (ENOENT)' })
  })
})

test('all faults are reported at once, each with its key and what it should be, and none with its value', () => {
  const faults = faultsOf(
    {
      GATEWAY_PORT: secret,
      GATEWAY_ADMIN_PORT: '70000',
      GATEWAY_HOST: `${secret} `,
      GATEWAY_STORE_URL: `mysql://${secret}@host/`,
      GATEWAY_LIMITS_URL: `redis://:${secret}@host`,
      GATEWAY_UPSTREAM_ORIGIN: `https://${secret}@host/path`,
      GATEWAY_UPSTREAM_KEY: secret,
      GATEWAY_MASTER_KEY: secret,
      GATEWAY_UPSTREAM_DEADLINE_MS: '0',
      GATEWAY_UPSTREAM_BUDGET_PER_MINUTE: '-1',
      GATEWAY_EGRESS_BUDGET_PER_MINUTE: '1.5',
      GATEWAY_LOG_LEVEL: secret,
      GATEWAY_DOCS: secret,
      GATEWAY_TRUSTED_PROXIES: secret
    },
    yaml(`UNKNOWN: ${secret}`)
  )
  expect(Object.keys(faults).sort()).toEqual([
    'GATEWAY_ADMIN_PORT',
    'GATEWAY_DOCS',
    'GATEWAY_EGRESS_BUDGET_PER_MINUTE',
    'GATEWAY_HOST',
    'GATEWAY_LIMITS_URL',
    'GATEWAY_LOG_LEVEL',
    'GATEWAY_MASTER_KEY',
    'GATEWAY_PORT',
    'GATEWAY_STORE_URL',
    'GATEWAY_TRUSTED_PROXIES',
    'GATEWAY_UPSTREAM_BUDGET_PER_MINUTE',
    'GATEWAY_UPSTREAM_DEADLINE_MS',
    'GATEWAY_UPSTREAM_KEY',
    'GATEWAY_UPSTREAM_ORIGIN',
    'UNKNOWN'
  ])
  expect(faults['GATEWAY_PORT']).toBe('must be a port, 0 to 65535')
  expect(faults['GATEWAY_UPSTREAM_KEY']).toMatch(/a reference, env:NAME, file:PATH or exec:COMMAND/)
})

describe('a number', () => {
  test.each(['', ' ', '08', '8080', '0', '65535'])(
    '%j is accepted as a port, or leaves the default',
    text => {
      expect(faultsOf({ GATEWAY_PORT: text.trim() })).toEqual({})
    }
  )

  test.each(['65536', '-1', '1e3', '0x50', '80.0', ' 80', '٨٠', '9'.repeat(30), 'true'])(
    '%j is none',
    text => {
      expect(Object.keys(faultsOf({ GATEWAY_PORT: text }))).toEqual(['GATEWAY_PORT'])
    }
  )
})

describe('the upstream origin', () => {
  test.each([
    'https://api.bigdata.com',
    'https://api.bigdata.com/',
    'https://api.stg.bigdata.com:8443',
    'http://127.0.0.1:9090',
    'http://127.9.9.9',
    'http://localhost:9090',
    'http://[::1]:9090'
  ])('%s is accepted', origin => {
    expect(loadConfig({ GATEWAY_UPSTREAM_ORIGIN: origin }, yaml('')).upstreamOrigin).toBe(
      origin.replace(/\/$/, '')
    )
  })

  test.each([
    'http://api.bigdata.com',
    'http://10.0.0.1',
    'http://0.0.0.0:9090',
    'http://127.0.0.1.example.com',
    'http://localhost.example.com',
    'http://[::ffff:127.0.0.1]:9090',
    'http://2130706433.example'
  ])('%s is refused: the key would travel in clear text', origin => {
    expect(faultsOf({ GATEWAY_UPSTREAM_ORIGIN: origin })['GATEWAY_UPSTREAM_ORIGIN']).toMatch(
      /^http: is refused|^must be an origin/
    )
  })

  test.each([
    'https://host/path',
    'https://host?query',
    'https://host#fragment',
    'https://user@host',
    'https://user:password@host',
    'ftp://host',
    'file:///etc/passwd',
    '//host',
    'api.bigdata.com',
    'https://',
    'HTTPS://host',
    'https://host:443',
    'https://ho st'
  ])('%s is no origin', origin => {
    expect(Object.keys(faultsOf({ GATEWAY_UPSTREAM_ORIGIN: origin }))).toEqual(['GATEWAY_UPSTREAM_ORIGIN'])
  })

  test('loopback is an address that never leaves the machine', () => {
    expect(['127.0.0.1', '127.255.0.1', 'localhost', '::1', '[::1]'].every(isLoopback)).toBe(true)
    expect(['128.0.0.1', '0.0.0.0', '127.0.0.1.nip.io', '::', 'xlocalhost', '127.1'].some(isLoopback)).toBe(
      false
    )
  })
})

describe('the listener that shows the description', () => {
  test.each(['public', 'admin', 'off'])('%s is accepted, from the file too', where => {
    expect(loadConfig({ GATEWAY_DOCS: where }, yaml('')).docs).toBe(where)
    expect(loadConfig({}, yaml(`GATEWAY_DOCS: ${where}\n`)).docs).toBe(where)
  })

  test.each(['no', 'false', 'Public', 'public,admin', 'none'])('%j is refused', where => {
    expect(faultsOf({ GATEWAY_DOCS: where })).toEqual({
      GATEWAY_DOCS: 'must be one of public, admin, off: the listener that shows /docs and /openapi.json'
    })
  })
})

describe('a secret is given by reference', () => {
  test.each(['env:NAME', 'env:_x9', 'file:/run/secrets/key', 'file:./key'])('%s is one', reference => {
    expect(loadConfig({ GATEWAY_UPSTREAM_KEY: reference }, yaml('')).upstreamKey).toBe(reference)
  })

  test.each([secret, 'env:', 'env:9', 'env:A-B', 'file:', 'ENV:NAME', ' env:NAME', `literal:${secret}`])(
    '%j is none',
    reference => {
      expect(Object.keys(faultsOf({ GATEWAY_UPSTREAM_KEY: reference }))).toEqual(['GATEWAY_UPSTREAM_KEY'])
    }
  )
})

describe('trusted proxies', () => {
  test('are addresses and ranges, and no number of hops', () => {
    expect(
      loadConfig({ GATEWAY_TRUSTED_PROXIES: '10.0.0.0/8, ::1,192.168.1.1 ,fd00::/8' }, yaml(''))
        .trustedProxies
    ).toEqual(['10.0.0.0/8', '::1', '192.168.1.1', 'fd00::/8'])
  })

  test.each(['1', 'true', 'loopback', '10.0.0.0/33', '10.0.0', '10.0.0.0/', '::1/129', '*'])(
    '%j is refused',
    text => {
      expect(Object.keys(faultsOf({ GATEWAY_TRUSTED_PROXIES: text }))).toEqual(['GATEWAY_TRUSTED_PROXIES'])
    }
  )
})
