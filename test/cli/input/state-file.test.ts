import { describe, expect, test } from 'vitest'
import { readState } from '../../../src/cli/input/state-file.ts'
import { ConfigError } from '../../../src/config/error.ts'

const id = '019A9612-BFAD-758C-884E-37DD8C6AD2CB'

function faultsOf(text: string): string[] {
  try {
    readState('state.yaml', text)
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.faults.map(({ key, detail }) => `${key}: ${detail}`)
  }
}

test('a tenant has the settings of the file, and defaults for what it leaves out', () => {
  const text = `
tenants:
  b:
  a: {}
  007: { burst: 7 }
  acme:
    disabled: true
    rate_per_minute: 120
    operations: [read, sync]
    addresses: [192.0.2.7/32, 10.0.0.0/8]
    credentials: [reports, default]
    connectors: [${id}, ${id}]
credentials:
  vaulted: { sealed: true }
  reports: { from: 'file:/run/secrets/reports' }
`
  const { tenants, credentials } = readState('state.yaml', text)
  const defaults = { disabled: false, rate_per_minute: null, operations: null, addresses: null }
  expect([...tenants.keys()]).toEqual(['007', 'a', 'acme', 'b'])
  expect(tenants.get('b')).toEqual({ ...tenants.get('a'), name: 'b' })
  expect(tenants.get('a')).toMatchObject({ ...defaults, connectors: [], credentials: null })
  expect(tenants.get('acme')).toEqual({
    name: 'acme',
    disabled: true,
    rate_per_minute: 120,
    burst: null,
    operations: null,
    addresses: ['10.0.0.0/8', '192.0.2.7'],
    credentials: ['reports', 'default'],
    connectors: [id.toLowerCase()]
  })
  expect([...(credentials ?? [])]).toEqual([
    ['reports', 'file:/run/secrets/reports'],
    ['vaulted', 'sealed']
  ])
  expect(readState('state.yaml', 'tenants: {}').credentials).toBeNull()
})

test('an alias stands for the value of its anchor', () => {
  const text = `tenants:\n  a: { connectors: &all ['*'] }\n  b: { connectors: *all }\n`
  expect(readState('state.yaml', text).tenants.get('b')?.connectors).toEqual(['*'])
})

describe('an invalid state file is rejected with every fault, its place and what is expected:', () => {
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x, x]']
  for (const [name, before] of ['ba', 'cb', 'dc', 'ed', 'fe'].map(pair => [...pair]))
    bomb.push(`${name}: &${name} [${Array(10).fill(`*${before}`).join(', ')}]`)
  const cases: [what: string, text: string, faults: (string | RegExp)[]][] = [
    ['empty', '', ['state.yaml: is empty']],
    ['a comment alone', '# nothing\n', ['state.yaml: is empty']],
    ['a list', '- tenants', ['state.yaml: must be a mapping with tenants and, optionally, credentials']],
    ['a text', 'tenants', [/state.yaml: must be a mapping/]],
    ['no tenants', 'credentials: {}', ['tenants: is required']],
    ['tenants that are nothing', 'tenants:', [/^tenants: must be a mapping of tenants by name/]],
    ['two documents', 'tenants: {}\n---\ntenants: {}', [/^state.yaml, line 2: begins a second document/]],
    ['no YAML', 'tenants: {a: [}', [/^state.yaml, line 1: is not valid YAML/]],
    ['a tag', 'tenants: !!js/function x', [/is not valid YAML/]],
    [
      'members given twice',
      'tenants:\n  a: {burst: 1, burst: 2}\n  "a":\n',
      [/^state.yaml, line 2: .*given before$/, /^state.yaml, line 3: .*given before$/]
    ],
    ['a name that is no text', 'tenants:\n  ? [a]\n  : {}\n', [/line 2: has a member whose name is no text/]],
    ['an alias of nothing', 'tenants: *a', [/alias/]],
    ['an alias bomb', bomb.join('\n'), ['state.yaml: has an alias without its anchor, or too many aliases']],
    [
      'faults of all kinds',
      `
tenants:
  Acme: {}
  __proto__: {}
  acme: { rate: 1, burst: 0, rate_per_minute: '60', disabled: yes, operations: [write] }
  beta: { addresses: [10.1.2.3/8, nowhere, 10], credentials: [], connectors: [everything] }
  gamma: [sync]
credentials:
  a: { from: 'bd_v2_a_key' }
  b: { from: 'file:a', sealed: true }
  c: {}
  d: { sealed: false }
  e:
users: {}
`,
      [
        'users: is not a member, which are: tenants, credentials',
        'tenants.Acme: must be named by 1 to 63 characters of a-z, 0-9, ".", "_" and "-", the first a letter or digit',
        /^tenants.__proto__: must be named by/,
        /^tenants.acme.rate: is not a member, which are: disabled, rate_per_minute, burst, operations/,
        'tenants.acme.burst: must be a whole number from 1 to 1000000000',
        /^tenants.acme.rate_per_minute: must be a whole number/,
        'tenants.acme.disabled: must be true or false',
        'tenants.acme.operations[0]: must be one of sync, read',
        'tenants.beta.addresses[0]: an address range begins with its first address: 10.0.0.0/8, not 10.1.2.3/8',
        /^tenants.beta.addresses\[1\]: an address range is written as/,
        /^tenants.beta.addresses\[2\]: must be an address range in quotes/,
        /^tenants.beta.credentials: must be a list of one upstream credential's name or more/,
        'tenants.beta.connectors[0]: must be a UUID, in any case, or * for every connector',
        "tenants.gamma: must be a mapping of the tenant's settings and connectors",
        'credentials.a.from: must be a reference, env:NAME, file:PATH or exec:COMMAND (never the secret itself)',
        'credentials.b: must be a mapping of one member, from: REFERENCE or sealed: true',
        /^credentials.c: must be a mapping of one member/,
        'credentials.d.sealed: must be true, or left out',
        /^credentials.e: must be a mapping of one member/
      ]
    ]
  ]
  test.each(cases)('%s', (_, text, faults) => {
    const found = faultsOf(text)
    for (const fault of faults)
      expect(found).toContainEqual(typeof fault === 'string' ? fault : expect.stringMatching(fault))
    expect(found).toHaveLength(faults.length)
    expect(found.join()).not.toMatch(/bd_v2|nowhere|everything|write/)
  })
})
