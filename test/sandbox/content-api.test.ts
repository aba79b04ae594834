import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import contract from '../../openapi/content-api.json' with { type: 'json' }
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'

// An OpenAPI document is no schema: only what its references lead to is read. Formats are doubled by patterns.
const ajv = new Ajv2020({ strict: false, validateFormats: false })
ajv.addSchema(contract, 'contract')

type Reference = { $ref: string }
type Content = { content: { 'application/json': { schema: Reference } } }
type Responses = Record<string, Content | Reference>

const responses = {
  list: contract.paths['/contents/v1/connectors'].get.responses as Responses,
  read: contract.paths['/contents/v1/connectors/{connector_id}'].get.responses as Responses,
  sync: contract.paths['/contents/v1/connectors/{connector_id}/sync'].post.responses as Responses
}
const named = contract.components.responses as Record<string, Content>

function check(reference: string, value: unknown): string {
  const validate = ajv.getSchema(`contract${reference}`)
  if (validate === undefined) throw new Error(`no schema ${reference}`)
  return validate(value) ? '' : ajv.errorsText(validate.errors)
}

function schemaOf(operation: keyof typeof responses, status: number): string {
  const response = responses[operation][status]
  if (response === undefined) throw new Error(`${operation} does not describe ${status}`)
  const content = '$ref' in response ? named[response.$ref.split('/').at(-1) ?? ''] : response
  return content?.content['application/json'].schema.$ref ?? ''
}

let sandbox: Sandbox

beforeEach(async () => {
  sandbox = await startSandbox({ syncDurationMs: 0 })
})
afterEach(async () => await sandbox.close())

const unknownId = '019a9612-bfad-758c-884e-37dd8c6ad2cb'

describe('every answer of the sandbox matches the contract', () => {
  test.each([
    ['list', 200, () => ['GET', '']],
    ['list', 401, () => ['GET', '', undefined, 'bd_v2_wrong']],
    ['read', 200, () => ['GET', `/${idOf('email')}`]],
    ['read', 200, () => ['GET', `/${idOf('investment_research')}`]],
    ['read', 400, () => ['GET', '/nonsense']],
    ['read', 401, () => ['GET', `/${unknownId}`, undefined, 'bd_v2_wrong']],
    ['read', 404, () => ['GET', `/${unknownId}`]],
    ['sync', 200, () => ['POST', `/${idOf('sharepoint')}/sync`, '{}']],
    ['sync', 200, () => ['POST', `/${idOf('investment_research')}/sync`, '{"date_limit":"2026-01-01"}']],
    ['sync', 400, () => ['POST', `/${idOf('investment_research')}/sync`, '{}']],
    ['sync', 400, () => ['POST', `/${idOf('email')}/sync`, '{}']],
    ['sync', 401, () => ['POST', `/${unknownId}/sync`, '{}', 'bd_v2_wrong']],
    ['sync', 404, () => ['POST', `/${unknownId}/sync`, '{}']]
  ] as const)('%s %i', async (operation, expected, request) => {
    const [method, path, body, key = sandbox.key] = request() as [string, string, string?, string?]
    const response = await fetch(`${sandbox.origin}/contents/v1/connectors${path}`, {
      method,
      headers: { 'x-api-key': key, 'content-type': 'application/json' },
      ...(body !== undefined && { body })
    })
    expect(response.status).toBe(expected)
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(check(schemaOf(operation, expected), await response.json())).toBe('')
  })

  test('before and after a run', async () => {
    const path = `${sandbox.origin}/contents/v1/connectors/${idOf('sharepoint')}`
    const headers = { 'x-api-key': sandbox.key }
    const before: unknown = await (await fetch(path, { headers })).json()
    await (await fetch(`${path}/sync`, { method: 'POST', body: '{}', headers })).json()
    const after: unknown = await (await fetch(path, { headers })).json()
    expect([before, after]).toMatchObject([{ last_sync_status: null }, { last_sync_status: 'SUCCESS' }])
    expect([before, after].map(connector => check('#/components/schemas/Connector', connector))).toEqual([
      '',
      ''
    ])
  })
})

describe('the contract', () => {
  test.each([
    [{}, true],
    [{ date_limit: '2026-01-01' }, true],
    [{ date_limit: null }, false],
    [{ date_limit: 20260101 }, false],
    [{ date_limit: '2026-13-01' }, false],
    [{ date_limit: '2026-01-01', other: 1 }, false],
    [{ other: 1 }, false],
    [[], false],
    [null, false],
    ['', false]
  ])('takes the sync body %j: %s', (body, valid) => {
    expect(check('#/components/schemas/SyncRequest', body) === '').toBe(valid)
  })

  test('asks for the id in lower case and the key in X-API-KEY', () => {
    expect(check('#/components/schemas/ConnectorId', unknownId)).toBe('')
    expect(check('#/components/schemas/ConnectorId', unknownId.toUpperCase())).not.toBe('')
    expect(contract.components.securitySchemes.ApiKey).toEqual({
      type: 'apiKey',
      in: 'header',
      name: 'X-API-KEY'
    })
    expect(contract.security).toEqual([{ ApiKey: [] }])
  })

  test('has no reference that leads nowhere', () => {
    const references = JSON.stringify(contract).match(/#\/components\/[a-zA-Z0-9/]+/g) ?? []
    expect(references.length).toBeGreaterThan(0)
    for (const reference of new Set(references)) {
      const found = reference
        .split('/')
        .slice(1)
        .reduce<unknown>((node, name) => (node as Record<string, unknown> | undefined)?.[name], contract)
      expect(found, reference).toBeDefined()
    }
  })
})

function idOf(type: string): string {
  return sandbox.connectors.find(connector => connector.type === type)?.connector_id ?? ''
}
