import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { describeAdminApi } from '../../../src/cli/commands/openapi.ts'
import type { RefusalCode } from '../../../src/contract/refusal-table.ts'
import { checksum, mintApiKey } from '../../../src/tenants/keys/api-key.ts'
import { issueKey } from '../../../src/tenants/keys/keys.ts'
import { addSealedCredential } from '../../support/fixtures/add-sealed-credential.ts'
import { gatewayForFile } from '../../support/fixtures/gateway-for-file.ts'
import { askAdmin, issueAdminKeys } from '../../support/http/admin-client.ts'
import { expectProblem } from '../../support/http/expect-problem.ts'
import { freshAddress } from '../../support/http/fresh-address.ts'
import { header } from '../../support/http/http-answer.ts'
import { rawRequest } from '../../support/http/raw-connection.ts'
import { syncBytes } from '../../support/http/request-bytes.ts'
import { withoutId } from '../../support/http/without-id.ts'

type Operation = {
  readonly operationId: string
  readonly responses: Readonly<Record<string, { readonly content: Record<string, { schema: object }> }>>
}
const document = JSON.parse(await describeAdminApi('0.0.0')) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation }))
)

const file = gatewayForFile({
  prepare: async setup => {
    const keyId = async () => (await issueKey(setup.administration, setup.pepper, 'acme', null)).key_id
    return {
      ...(await issueAdminKeys(setup)),
      limited: await setup.addTenant({ name: 'limited', rate_per_minute: 1, burst: 5 }),
      rotated: await keyId(),
      revocable: await keyId(),
      unused: addSealedCredential(setup, 'unused', unusedKey)
    }
  }
})

/** The key of a credential: no answer may hold it. */
const unusedKey = 'bd_v2_unused_9Zk3QwErTy'
/** A key that is well-formed, its checksum too, with the id of one and the secret of another. */
function withSecretOf(key: string, other: string): string {
  const unchecked = key.slice(0, 21) + other.slice(21, -6)
  return unchecked + checksum(unchecked)
}

/** A tenant's key with the prefix of admin keys, and a checksum that is right for that. */
function dressedAsAdmin(key: string): string {
  const unchecked = key.replace('cgw_', 'cga_').slice(0, -6)
  return unchecked + checksum(unchecked)
}

const nobodys = 'aaaaaaaaaaaaaaaa'
const unknownId = '00000000-0000-4000-8000-000000000000'
const pages = ['?limit=0', '?limit=101', '?limit=1&limit=2', '?cursor=%20', '?color=red']
const badBodies = ['', '[]', '{', '{"color":"red"}', '"acme"']

/** How a route is asked rightly, and wrongly. */
type Sample = {
  readonly role: 'viewer' | 'operator'
  readonly path: () => string | Promise<string>
  readonly status?: number
  readonly body?: unknown
  readonly badPaths?: readonly string[]
  readonly badBodies?: readonly string[]
  readonly notFound?: readonly [path: string, code: RefusalCode]
}
const samples: Readonly<Record<string, Sample>> = {
  listTenants: { role: 'viewer', path: () => '/admin/tenants', badPaths: pages.map(at('/admin/tenants')) },
  createTenant: {
    role: 'operator',
    path: () => '/admin/tenants',
    status: 201,
    body: {
      name: 'made',
      rate_per_minute: 7,
      operations: ['read'],
      addresses: ['10.0.0.0/8'],
      connectors: ['*']
    },
    badPaths: ['/admin/tenants?name=made'],
    badBodies: [
      '{}',
      '{"name":"A"}',
      '{"name":"a","burst":0}',
      '{"name":"a","burst":"1"}',
      '{"name":"a","operations":["write"]}'
    ]
  },
  showTenant: {
    role: 'viewer',
    path: () => '/admin/tenants/acme',
    badPaths: ['/admin/tenants/Acme', '/admin/tenants/acme?x=1'],
    notFound: ['/admin/tenants/nobody', 'tenant_not_found']
  },
  updateTenant: {
    role: 'operator',
    path: () => '/admin/tenants/acme',
    body: { burst: 1000, rate_per_minute: null, operations: null, credentials: ['default'] },
    badPaths: ['/admin/tenants/-acme', '/admin/tenants/acme?x=1'],
    badBodies: [
      '{}',
      '{"disabled":1}',
      '{"burst":1.5}',
      '{"rate_per_minute":-1}',
      '{"addresses":[]}',
      '{"credentials":[]}'
    ],
    notFound: ['/admin/tenants/nobody', 'tenant_not_found']
  },
  listKeys: {
    role: 'viewer',
    path: () => '/admin/tenants/acme/keys',
    badPaths: ['/admin/tenants/A/keys', ...pages.map(at('/admin/tenants/acme/keys'))],
    notFound: ['/admin/tenants/nobody/keys', 'tenant_not_found']
  },
  issueKey: {
    role: 'operator',
    path: () => '/admin/tenants/acme/keys',
    status: 201,
    body: { expires_at: '2999-01-01T00:00:00Z' },
    badPaths: ['/admin/tenants/A/keys', '/admin/tenants/acme/keys?x=1'],
    badBodies: ['{"expires_at":"2999-02-30T00:00:00Z"}', '{"expires_at":"90d"}', '{"expires_at":1}'],
    notFound: ['/admin/tenants/nobody/keys', 'tenant_not_found']
  },
  rotateKey: {
    role: 'operator',
    path: () => `/admin/keys/${file.gateway.prepared.rotated}/rotate`,
    status: 201,
    body: { overlap_seconds: 60 },
    badPaths: ['/admin/keys/x/rotate', `/admin/keys/${nobodys}/rotate?x=1`],
    badBodies: ['{"overlap_seconds":-1}', '{"overlap_seconds":"60"}'],
    notFound: [`/admin/keys/${nobodys}/rotate`, 'key_not_found']
  },
  revokeKey: {
    role: 'operator',
    path: () => `/admin/keys/${file.gateway.prepared.revocable}`,
    badPaths: ['/admin/keys/x', `/admin/keys/${nobodys}?x=1`],
    notFound: [`/admin/keys/${nobodys}`, 'key_not_found']
  },
  listGrants: {
    role: 'viewer',
    path: () => '/admin/tenants/acme/grants',
    badPaths: ['/admin/tenants/A/grants', ...pages.map(at('/admin/tenants/acme/grants'))],
    notFound: ['/admin/tenants/nobody/grants', 'tenant_not_found']
  },
  addGrant: {
    role: 'operator',
    path: () => `/admin/tenants/acme/grants/${unknownId}`,
    badPaths: [
      '/admin/tenants/acme/grants/x',
      '/admin/tenants/A/grants/*',
      '/admin/tenants/acme/grants/*?x=1'
    ],
    notFound: ['/admin/tenants/nobody/grants/*', 'tenant_not_found']
  },
  removeGrant: {
    role: 'operator',
    path: () => '/admin/tenants/acme/grants/*',
    badPaths: [
      '/admin/tenants/acme/grants/**',
      '/admin/tenants/A/grants/*',
      '/admin/tenants/acme/grants/*?x=1'
    ],
    notFound: ['/admin/tenants/nobody/grants/*', 'tenant_not_found']
  },
  listCredentials: {
    role: 'viewer',
    path: () => '/admin/credentials',
    badPaths: pages.map(at('/admin/credentials'))
  },
  showCredential: {
    role: 'viewer',
    path: () => '/admin/credentials/default',
    badPaths: ['/admin/credentials/Default', '/admin/credentials/default?x=1'],
    notFound: ['/admin/credentials/nothing', 'credential_not_found']
  },
  removeCredential: {
    role: 'operator',
    path: () => '/admin/credentials/unused',
    badPaths: ['/admin/credentials/-', '/admin/credentials/unused?x=1'],
    notFound: ['/admin/credentials/nothing', 'credential_not_found']
  },
  searchLedger: {
    role: 'viewer',
    path: () => '/admin/ledger?tenant=acme&kind=admin.*&since=2020-01-01T00:00:00Z&limit=2',
    badPaths: [
      ...pages.map(at('/admin/ledger')),
      ...['?tenant=A', '?key_id=x', '?connector_id=x', '?kind=', '?kind=%27', '?code=A', '?outcome=good']
        .concat([
          '?request_id=x',
          '?since=24h',
          '?until=2026-02-30T00:00:00Z',
          '?since=2016-12-31T23:59:60Z',
          '?cursor=0'
        ])
        .map(at('/admin/ledger'))
    ]
  },
  showRequest: {
    role: 'viewer',
    path: async () => `/admin/ledger/${await syncRequestId()}`,
    badPaths: ['/admin/ledger/x', `/admin/ledger/${unknownId}?x=1`],
    notFound: [`/admin/ledger/${unknownId}`, 'request_not_found']
  },
  listLimits: {
    role: 'viewer',
    path: async () => {
      await syncRequestId()
      return '/admin/limits?tenant=limited'
    },
    badPaths: ['/admin/limits?tenant=A', ...pages.map(at('/admin/limits'))]
  },
  describeAdminApi: {
    role: 'viewer',
    path: () => '/admin/openapi.json',
    badPaths: ['/admin/openapi.json?x=1']
  }
}

function at(path: string): (query: string) => string {
  return query => path + query
}

/** Makes one call of a tenant with a narrow limit, and tells its request. */
async function syncRequestId(): Promise<string> {
  const { port, prepared, connectors } = file.gateway
  const bytes = syncBytes({ key: prepared.limited, connectorId: connectors.sharepoint })
  const [answer] = await rawRequest(port, bytes)
  return (answer && header(answer, 'x-request-id')) ?? ''
}

const ajv = new Ajv2020({ strict: false, validateFormats: false }).addSchema(document, 'document')

function faults(schema: object, value: unknown): string {
  const validate = ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"document#/')))
  return validate(value) ? '' : ajv.errorsText(validate.errors)
}

const admin = operations.filter(({ path }) => path.startsWith('/admin/'))

test('every route is in this table, and nothing but health is outside /admin', () => {
  expect(admin.map(({ operation }) => operation.operationId).sort()).toEqual(Object.keys(samples).sort())
  const others = operations.filter(({ path }) => !path.startsWith('/admin/'))
  expect(others.map(({ method, path }) => `${method} ${path}`)).toEqual([
    ...['GET /livez', 'HEAD /livez'],
    ...['GET /readyz', 'HEAD /readyz']
  ])
})

describe.each(admin)('$method $path', ({ method, path, operation }) => {
  const sample = samples[operation.operationId] as Sample
  const ask = async (key: string | null, target?: string, body = sample.body, from?: string) => {
    const { adminPort } = file.gateway
    const request = { method, target: target ?? (await sample.path()), key, body }
    return await askAdmin(adminPort, { ...request, ...(from !== undefined && { from }) })
  }
  /** A path that fits, without asking for anything to be made first. */
  const somePath = path
    .replace('{name}', 'acme')
    .replace('{key_id}', nobodys)
    .replace(/\{\w+\}/, unknownId)

  test('refuses every bad credential with the same 401, byte for byte', async () => {
    const { prepared, key: tenantKey, pepper, adminPepper } = file.gateway
    const { operator } = prepared
    const none = await ask(null, somePath, sample.body, freshAddress())
    expectProblem(none, 'credentials_invalid')
    const bad = {
      malformed: 'hello',
      revoked: prepared.revoked,
      expired: prepared.expired,
      'a tenant key': tenantKey,
      'a tenant key in the clothes of an admin key': dressedAsAdmin(tenantKey),
      'an unknown admin key': mintApiKey(adminPepper, 'cga').key,
      'an admin key under the pepper of tenants': mintApiKey(pepper, 'cga').key,
      'with the id of another': withSecretOf(operator, mintApiKey(adminPepper, 'cga').key),
      'cut short': operator.slice(0, -1)
    }
    for (const [what, key] of Object.entries(bad)) {
      const answer = await ask(key, somePath, sample.body, freshAddress())
      expect(withoutId(answer), what).toStrictEqual(withoutId(none))
    }
  })

  test('is no route of the public listener, whatever the key', async () => {
    for (const key of [file.gateway.key, file.gateway.prepared.operator])
      expectProblem(await askAdmin(file.gateway.port, { method, target: somePath, key }), 'route_not_found')
  })

  test(`is for ${sample.role}s${sample.role === 'operator' ? ' alone' : ' and operators'}`, async () => {
    const { viewer, operator } = file.gateway.prepared
    if (sample.role === 'operator') expectProblem(await ask(viewer), 'permission_denied')
    else expect((await ask(viewer)).status).toBe(200)
    const answer = await ask(operator)
    expect(answer.status, answer.body).toBe(sample.status ?? 200)
    expect(header(answer, 'cache-control')).toBe('no-store')
    expect(header(answer, 'x-request-id')).toBeDefined()
    const schema = operation.responses[answer.status]?.content['application/json']?.schema
    expect(schema).toBeDefined()
    expect(faults(schema ?? {}, JSON.parse(answer.body))).toBe('')
    expect(answer.body).not.toMatch(/digest|pepper|bd_v2_/)
  })

  test('refuses parameters and queries that differ from the description', async () => {
    for (const target of sample.badPaths ?? []) {
      const answer = await ask(file.gateway.prepared.operator, target)
      const errors = [
        { pointer: expect.stringMatching(/^\/(query|params)(\/|$)/), detail: expect.any(String) }
      ]
      expectProblem(answer, 'request_invalid', { errors })
    }
    expect(sample.badPaths?.length).toBeGreaterThan(0)
  })

  test('refuses a body that differs from the description', async () => {
    const { operator } = file.gateway.prepared
    const bodies = sample.body === undefined ? ['{}', 'x'] : [...badBodies, ...(sample.badBodies ?? [])]
    for (const body of bodies) {
      const answer = await ask(operator, somePath, body)
      const code = body === '{' ? 'request_malformed' : 'request_invalid'
      const errors = [{ pointer: expect.any(String), detail: expect.any(String) }]
      expectProblem(answer, code, code === 'request_invalid' ? { errors } : {})
    }
    if (sample.body !== undefined)
      expectProblem(await ask(operator, somePath, '{"name":"a","name":"b"}'), 'request_malformed')
  })
})

test.each(admin.filter(({ operation }) => samples[operation.operationId]?.notFound))(
  '$method $path answers 404 for what does not exist',
  async ({ method, operation: { operationId } }) => {
    const { notFound: [target, code] = ['', 'tenant_not_found'], body } = samples[operationId] as Sample
    const { adminPort, prepared } = file.gateway
    expectProblem(await askAdmin(adminPort, { method, target, key: prepared.operator, body }), code)
  }
)
