import { writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type Config, loadConfig } from '../../../src/config/config.ts'
import { ConfigError, describeIssue } from '../../../src/config/error.ts'
import { folderForFile } from '../../support/fixtures/temporary-folder.ts'

const folder = folderForFile()

let files = 0
function yaml(bytes: string | Buffer): string {
  const path = folder.pathOf(`${files++}.yaml`)
  writeFileSync(path, bytes)
  return path
}

function faultsOf(env: Record<string, string>, text: string | Buffer = ''): string[] {
  const file = yaml(text)
  try {
    loadConfig(env, file)
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.faults.map(fault => describeIssue(fault).replaceAll(file, 'FILE'))
  }
}

describe('a value in an equivalent form is accepted:', () => {
  test.each<[string, string | Buffer, Partial<Config>]>([
    ['a number in quotes', 'GATEWAY_PORT: "9000"\n', { port: 9000 }],
    [
      'a list of proxies',
      'GATEWAY_TRUSTED_PROXIES: [10.0.0.0/8, "::1"]\n',
      { trustedProxies: ['10.0.0.0/8', '::1'] }
    ],
    [
      'a list of variables',
      'GATEWAY_EXEC_ENVIRONMENT:\n  - VAULT_ADDR\n  - VAULT_TOKEN\n',
      { execEnvironment: ['VAULT_ADDR', 'VAULT_TOKEN'] }
    ],
    ['a level in capitals', 'GATEWAY_LOG_LEVEL: INFO\n', { logLevel: 'info' }],
    ['JSON for a list', `GATEWAY_CLIENT_CERTIFICATES: '[]'\n`, { clientCertificates: [] }],
    ['a byte order mark', '\ufeffGATEWAY_PORT: 9000\n', { port: 9000 }],
    [
      'lines that end as on Windows',
      'GATEWAY_PORT: 9000\r\nGATEWAY_HOST: "::"\r\n',
      { port: 9000, host: '::' }
    ],
    [
      'the URL of an absolute path',
      'GATEWAY_STORE_URL: sqlite:///var/gateway.db\n',
      { storeUrl: 'sqlite:///var/gateway.db' }
    ]
  ])('%s, in the file', (_form, text, config) => {
    expect(loadConfig({}, yaml(text))).toMatchObject(config)
  })

  test.each<[string, Record<string, string>, Partial<Config>]>([
    ['a level in capitals', { GATEWAY_LOG_LEVEL: 'WARN' }, { logLevel: 'warn' }],
    [
      'JSON for proxies',
      { GATEWAY_TRUSTED_PROXIES: '["10.0.0.0/8","::1"]' },
      { trustedProxies: ['10.0.0.0/8', '::1'] }
    ]
  ])('%s, in the environment', (_form, env, config) => {
    expect(loadConfig(env, yaml(''))).toMatchObject(config)
  })
})

describe('a value in a wrong form is refused by a sentence that names the form:', () => {
  test.each<[Record<string, string>, string]>([
    [{ GATEWAY_PORT: '"8080"' }, 'GATEWAY_PORT: must be a port, 0 to 65535; remove the quotes (environment)'],
    [
      { GATEWAY_PORT: '8080\r' },
      'GATEWAY_PORT: must be a port, 0 to 65535; remove the white space around it (environment)'
    ],
    [
      { GATEWAY_HOST: '0.0.0.0:8080' },
      'GATEWAY_HOST: must be a host name or an address; a port goes into GATEWAY_PORT (environment)'
    ],
    [
      { GATEWAY_STORE_URL: 'sqlite://data/gateway.db' },
      'GATEWAY_STORE_URL: must not have a host, the part behind // in a URL: write sqlite:PATH, e.g. sqlite:./data/gateway.db (environment)'
    ],
    [
      { GATEWAY_LOG_LEVEL: 'WARNING' },
      'GATEWAY_LOG_LEVEL: must be one of fatal, error, warn, info, debug, silent: did you mean warn? (environment)'
    ],
    [
      { GATEWAY_LOG_LEVEL: 'inof' },
      'GATEWAY_LOG_LEVEL: must be one of fatal, error, warn, info, debug, silent: did you mean info? (environment)'
    ],
    [
      { GATEWAY_TRUSTED_PROXIES: '"10.0.0.0/8"' },
      'GATEWAY_TRUSTED_PROXIES: must be addresses or CIDR ranges, separated by commas, whose X-Forwarded-For is believed; remove the quotes (environment)'
    ],
    [
      { GATEWAY_UPSTREAM_ORIGIN: ' https://api.bigdata.com' },
      'GATEWAY_UPSTREAM_ORIGIN: must be an origin, https://HOST[:PORT]; http: only for a loopback address; remove the white space around it (environment)'
    ],
    [
      { GATEWAY_UPSTREAM_KEY: "'env:KEY'" },
      'GATEWAY_UPSTREAM_KEY: must be a reference, env:NAME, file:PATH or exec:COMMAND (never the secret itself); remove the quotes (environment)'
    ],
    [
      { GATEWAY_LOG_LEVEL: 'GATEWAY_LOG_LEVEL=info' },
      'GATEWAY_LOG_LEVEL: must be one of fatal, error, warn, info, debug, silent; it begins with the name of the setting: write only the value (environment)'
    ]
  ])('%j', (env, fault) => {
    expect(faultsOf(env)).toEqual([fault])
  })

  test('a file in UTF-16, as PowerShell writes it', () => {
    expect(faultsOf({}, Buffer.from('\ufeffGATEWAY_PORT: 9000\n', 'utf16le'))).toEqual([
      'FILE: is text in UTF-16: save it as UTF-8'
    ])
  })
})

describe('two listeners on one port are a fault before either starts:', () => {
  test.each([
    [{ GATEWAY_PORT: '8081' }],
    [{ GATEWAY_PORT: '9000', GATEWAY_ADMIN_PORT: '9000', GATEWAY_HOST: '0.0.0.0' }],
    [{ GATEWAY_PORT: '9000', GATEWAY_ADMIN_PORT: '9000', GATEWAY_ADMIN_HOST: '::' }],
    [{ GATEWAY_PORT: '9000', GATEWAY_ADMIN_PORT: '9000', GATEWAY_ADMIN_HOST: 'localhost' }]
  ])('%j', env => {
    const [fault, ...more] = faultsOf(env)
    expect(fault).toMatch(
      /^GATEWAY_ADMIN_PORT: is the port of the public listener too \(GATEWAY_PORT\): choose another/
    )
    expect(more).toEqual([])
  })

  test.each([
    [{ GATEWAY_PORT: '0', GATEWAY_ADMIN_PORT: '0' }],
    [{ GATEWAY_PORT: '9000', GATEWAY_ADMIN_PORT: '9000', GATEWAY_HOST: '10.0.0.1' }],
    [{ GATEWAY_PORT: '9000', GATEWAY_ADMIN_PORT: '9000', GATEWAY_HOST: '::1' }]
  ])('%j has none', env => {
    expect(faultsOf(env)).toEqual([])
  })
})

describe('a fault names the place of its setting:', () => {
  test('line and column in the file, also of members, or the environment', () => {
    const text = `# settings
GATEWAY_PORT: many
GATEWAY_HOST: "a b"
GATEWAY_PROT: 1
GATEWAY_JWT_ISSUERS:
  - name: one
    issuer: i
    audience: a
    algorithms: [ES256]
    jwks: nothing
`
    expect(faultsOf({ GATEWAY_HOST: 'c d', GATEWAY_DOCS: 'no' }, text)).toEqual([
      'GATEWAY_PROT: is not a setting: did you mean GATEWAY_PORT? (FILE:4:1)',
      'GATEWAY_HOST: must be a host name or an address (environment)',
      'GATEWAY_PORT: must be a port, 0 to 65535 (FILE:2:1)',
      'GATEWAY_DOCS: must be one of public, admin, off: the listener that shows /docs and /openapi.json (environment)',
      'GATEWAY_JWT_ISSUERS[0].jwks: must be an https URL (http only for a loopback address), or file:PATH (FILE:10:5)'
    ])
  })

  test.each([
    [
      'GATEWAY_HOST: a\nGATEWAY_PORT: [1\n',
      [
        'FILE:3:1: is not valid YAML: a bracket before this position that is not closed, or lines that are indented too little'
      ]
    ],
    [
      'GATEWAY_HOST: "a\nGATEWAY_PORT: 1\n',
      ['FILE:3:1: is not valid YAML: a quote before this position that is not closed']
    ],
    [
      'GATEWAY_HOST: a\nGATEWAY_PORT 1\n',
      ['FILE:2:1: is not valid YAML: a name without a colon and a space behind it']
    ],
    [
      'GATEWAY_HOST: a\nGATEWAY_PORT: 1\nGATEWAY_HOST: b\n',
      ['FILE:3:1: is not valid YAML: a member that was given before']
    ],
    ['a:\n\tb: 1\n', ['FILE:2:1: is not valid YAML: a tab, where lines are indented by spaces']],
    ['a: 1\n---\nb: 2\n', ['FILE:2:1: begins a second document: only one is allowed']],
    ['__proto__: 1\n', ['__proto__: is not a setting (FILE:1:1)']],
    ['a: *b\n', ['FILE: has an alias without its anchor, or too many aliases']]
  ])('where %j is no YAML', (text, faults) => {
    expect(faultsOf({}, text)).toEqual(faults)
  })
})
