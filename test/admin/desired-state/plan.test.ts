import { describe, expect, test } from 'vitest'
import { type DesiredState, planState } from '../../../src/admin/desired-state/plan.ts'
import type { CredentialRows } from '../../../src/custody/manage/credential-rows.ts'
import { newTenant, type TenantState } from '../../../src/tenants/tenant-state.ts'

const id = '019a9612-bfad-758c-884e-37dd8c6ad2cb'
const otherId = '019a9612-bfad-758c-884e-37dd8c6ad2cc'

function tenants(...states: (Partial<TenantState> & { name: string })[]): Map<string, TenantState> {
  return new Map(states.map(state => [state.name, { ...newTenant(state.name), ...state }]))
}

/** Credentials by name, each with its source; a star behind the name: it follows the setting. */
function held(sources: Readonly<Record<string, string>>): CredentialRows {
  const entries = Object.entries(sources)
  return {
    credentials: entries.map(([name]) => ({
      name: name.replace('*', ''),
      created_at: '2026-01-01T00:00:00.000Z',
      removed_at: null,
      latest: 3,
      active: 3,
      standby: null,
      standby_until: null,
      follows_setting: name.endsWith('*') ? 1 : 0
    })),
    versions: entries.map(([name, source]) => ({
      credential: name.replace('*', ''),
      version: 3,
      created_at: '2026-01-01T00:00:00.000Z',
      source,
      fingerprint: 'f',
      wrapped_key: null,
      sealed: null
    }))
  }
}

function plan(
  before: Map<string, TenantState>,
  desired: Map<string, TenantState>,
  { prune = false, credentials = {}, sources = null }: Partial<Options> = {}
) {
  const named: DesiredState['credentials'] = sources && new Map(Object.entries(sources))
  return planState(
    { tenants: before, credentials: held(credentials) },
    { tenants: desired, credentials: named },
    prune
  )
}
type Options = {
  prune: boolean
  credentials: Readonly<Record<string, string>>
  sources: Readonly<Record<string, string>> | null
}

describe('the plan of a tenant holds each member that differs, and no other:', () => {
  const cases: [what: string, before: Partial<TenantState>, after: Partial<TenantState>, changes: unknown][] =
    [
      [
        'the rate',
        { rate_per_minute: 60 },
        { rate_per_minute: 120 },
        [{ field: 'rate_per_minute', before: 60, after: 120 }]
      ],
      ['a rate left out', { rate_per_minute: 90 }, {}, [{ field: 'rate_per_minute', before: 90, after: 60 }]],
      ['the burst', {}, { burst: 1 }, [{ field: 'burst', before: 10, after: 1 }]],
      [
        'operations taken away',
        {},
        { operations: [] },
        [{ field: 'operations', before: ['sync', 'read'], after: [] }]
      ],
      [
        'addresses',
        { addresses: ['10.0.0.0/8'] },
        {},
        [{ field: 'addresses', before: ['10.0.0.0/8'], after: null }]
      ],
      [
        'the order of credentials',
        { credentials: ['a', 'b'] },
        { credentials: ['b', 'a'] },
        [{ field: 'credentials', before: ['a', 'b'], after: ['b', 'a'] }]
      ],
      ['disabled', {}, { disabled: true }, [{ field: 'disabled', before: false, after: true }]],
      [
        'connectors',
        { connectors: [id] },
        { connectors: ['*', otherId] },
        [{ field: 'connectors', added: ['*', otherId], removed: [id] }]
      ]
    ]
  test.each(cases)('%s', (_, before, after, changes) => {
    const { tenants: steps, summary } = plan(
      tenants({ name: 'acme', ...before }),
      tenants({ name: 'acme', ...after })
    )
    expect(steps).toMatchObject([{ tenant: 'acme', action: 'change', changes }])
    expect(summary).toEqual({ create: 0, change: 1, prune: 0, unchanged: 0, unnamed: 0 })
  })
})

test('choosing the default value is no change', () => {
  const chosen = {
    name: 'acme',
    rate_per_minute: 60,
    burst: 10,
    operations: ['sync', 'read'] as const,
    credentials: ['default']
  }
  const { tenants: steps, summary } = plan(tenants(chosen), tenants({ name: 'acme' }))
  expect(steps).toEqual([])
  expect(summary).toMatchObject({ unchanged: 1 })
})

test('the plan of a new tenant holds what differs from defaults, and steps are in the order of names', () => {
  const desired = tenants({ name: 'b' }, { name: 'a', burst: 5, connectors: ['*'] })
  expect(plan(tenants({ name: 'ab', burst: 3 }), desired, { prune: true }).tenants).toMatchObject([
    {
      tenant: 'a',
      action: 'create',
      before: undefined,
      changes: [
        { field: 'burst', before: null, after: 5 },
        { field: 'connectors', added: ['*'], removed: [] }
      ]
    },
    { tenant: 'ab', action: 'prune', after: { disabled: true, burst: 3 } },
    { tenant: 'b', action: 'create', changes: [] }
  ])
})

test('unnamed tenants are counted and kept; a prune disables them and removes their grants, once', () => {
  const before = tenants({ name: 'gone', connectors: [id] }, { name: 'off', disabled: true })
  expect(plan(before, new Map())).toMatchObject({ tenants: [], summary: { prune: 0, unnamed: 2 } })
  const { tenants: steps, summary, after } = plan(before, new Map(), { prune: true })
  expect(steps).toMatchObject([
    { tenant: 'gone', action: 'prune', after: { disabled: true, connectors: [] } }
  ])
  expect(summary).toMatchObject({ prune: 1, unnamed: 1 })
  expect(plan(new Map(after), new Map(), { prune: true }).tenants).toEqual([])
})

describe('of a credential', () => {
  const none = new Map<string, TenantState>()
  const cases: [what: string, source: string | null, desired: string, step: unknown][] = [
    [
      'a new reference is added',
      null,
      'file:a',
      { action: 'create', version: 1, before: null, after: 'file:a' }
    ],
    ['the same reference is nothing', 'file:a', 'file:a', null],
    [
      'another reference is a rotation',
      'file:a',
      'file:b',
      { action: 'change', version: 4, before: 'file:a', after: 'file:b' }
    ],
    ['so is a reference in place of a seal', 'sealed', 'file:b', { action: 'change', before: 'sealed' }],
    ['a seal that is there is nothing', 'sealed', 'sealed', null],
    ['a command, as it is shown, is the one that is there', "exec:sh -c 'x'", 'exec:sh …', null],
    [
      'another command of the same program is a rotation',
      'exec:sh a',
      'exec:sh b',
      { action: 'change', after: 'exec:sh b' }
    ]
  ]
  test.each(cases)('%s', (_, source, desired, step) => {
    const options = { credentials: source === null ? {} : { c: source }, sources: { c: desired } }
    expect(plan(none, none, options).credentials).toMatchObject(step ? [{ credential: 'c', ...step }] : [])
  })

  test.each([
    ['a seal that is not there', null, 'sealed', 'credential_not_found', /credential add c --stdin/],
    ['a seal where a reference is', 'file:a', 'sealed', 'credential_not_sealed', /--from … --seal/],
    ['a command cut off, with none there', null, 'exec:sh …', 'credential_reference_cut', /the whole/],
    ['a command cut off, of another', 'exec:cat x', 'exec:sh …', 'credential_reference_cut', /the whole/]
  ])('%s is refused, with what to do', (_, source, desired, code, message) => {
    const options = { credentials: source === null ? {} : { c: source }, sources: { c: desired } }
    expect(() => plan(none, none, options)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) })
    )
  })

  test('no credential changes when the file has no credentials', () => {
    const { credentials, summary } = plan(none, none, { prune: true, credentials: { c: 'file:a' } })
    expect({ credentials, summary }).toMatchObject({ credentials: [], summary: { prune: 0, unnamed: 0 } })
  })

  test('unnamed and unused references are pruned; sealed keys, credentials in use and that of the setting never', () => {
    const credentials = { used: 'file:a', 'default*': 'env:A', sealed: 'sealed', idle: 'file:b' }
    const before = tenants({ name: 'acme', disabled: true, credentials: ['used'] })
    const planned = plan(before, none, { prune: true, credentials, sources: {} })
    expect(planned.credentials).toEqual([
      { credential: 'idle', action: 'prune', version: 3, before: 'file:b', after: null }
    ])
    expect(planned.summary).toMatchObject({ prune: 2 - 1, unnamed: 3 })
    expect(planned.warnings).toEqual([
      'credential used stays: tenant acme uses it',
      expect.stringMatching(/^credential sealed is sealed and stays/)
    ])
    expect(plan(before, none, { credentials, sources: {} })).toMatchObject({ credentials: [], warnings: [] })
  })

  test('the credential of the setting changes only when it is named', () => {
    const credentials = { 'default*': 'env:A' }
    expect(plan(none, none, { credentials, sources: { default: 'env:A' } }).credentials).toEqual([])
    expect(plan(none, none, { credentials, sources: { default: 'file:b' } }).credentials).toMatchObject([
      { action: 'change' }
    ])
  })

  test('an unknown credential is a warning, unless the file or the next start adds it', () => {
    const desired = tenants({ name: 'acme', credentials: ['default', 'new', 'there', 'misspelt'] })
    const options = { credentials: { there: 'sealed' }, sources: { new: 'file:a' } }
    expect(plan(new Map(), desired, options).warnings).toEqual([
      'tenant acme names credential misspelt, which does not exist yet'
    ])
  })
})
