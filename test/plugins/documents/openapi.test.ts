import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { version } from '../../../src/base/version.ts'
import { describeApi } from '../../../src/cli/commands/openapi.ts'
import { Problem, problemCodes } from '../../../src/contract/problem.ts'
import { renderProblem } from '../../../src/contract/render-problem.ts'
import { startSandbox } from '../../../src/sandbox/sandbox.ts'
import { startTestGateway, type TestGateway } from '../../support/fixtures/test-gateway.ts'
import { header } from '../../support/http/http-answer.ts'
import { rawRequest } from '../../support/http/raw-connection.ts'
import { requestBytes, syncBytes } from '../../support/http/request-bytes.ts'

type Media = {
  readonly schema: object
  readonly example?: unknown
  readonly examples?: Record<string, { value: unknown }>
}
type Content = Readonly<Record<string, Media>>
type Answer = { readonly description: string; readonly content?: Content }
type Operation = {
  readonly operationId: string
  readonly summary: string
  readonly security?: readonly object[]
  readonly parameters?: readonly { readonly name: string; readonly schema: object }[]
  readonly requestBody?: { readonly content: Content }
  readonly responses: Readonly<Record<string, Answer>>
}
type Document = {
  readonly openapi: string
  readonly info: { readonly version: string }
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly securitySchemes: Readonly<Record<string, object>> }
}

const stored = readFileSync(new URL('../../../openapi/gateway.json', import.meta.url), 'utf8')
const document = JSON.parse(stored) as Document
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    name: `${method.toUpperCase()} ${path}`,
    operation
  }))
)
const syncs = operations.filter(({ name }) => name.endsWith('/sync'))

const ajv = new Ajv2020({ strict: false, formats: { date: true } }).addSchema(document, 'document')

/** What is wrong with a value by a schema of the document, or ''. */
function faults(schema: object, value: unknown): string {
  // References in the document are to itself; on its own a schema has to say so.
  const rooted = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"document#/'))
  const validate = ajv.compile(rooted)
  return validate(value) ? '' : ajv.errorsText(validate.errors)
}

test('the stored description is what the routes make; if this fails, run `npm run openapi`', async () => {
  expect(stored).toBe(await describeApi(version))
})

test('it is OpenAPI 3.1, of this version, with these operations', () => {
  expect(document.openapi).toMatch(/^3\.1\./)
  expect(document.info.version).toBe(version)
  expect(operations.map(({ name }) => name).sort()).toEqual([
    'GET /connectors/{id}/syncs',
    'GET /livez',
    'GET /problems',
    'GET /problems/{code}',
    'GET /readyz',
    'HEAD /livez',
    'HEAD /readyz',
    'POST /connectors/{id}/sync',
    'POST /contents/v1/connectors/{id}/sync'
  ])
  const ids = operations.map(({ operation }) => operation.operationId)
  expect(new Set(ids).size).toBe(ids.length)
  for (const { operation } of operations) expect(operation.summary).not.toBe('')
})

test('no route names more than one scheme, and every scheme that is described is named by a route', () => {
  const named = operations.flatMap(({ name, operation: { security = [] } }) => {
    expect(security.length, name).toBeLessThanOrEqual(1)
    return security.flatMap(scheme => Object.keys(scheme))
  })
  expect(Object.keys(document.components.securitySchemes).sort()).toEqual([...new Set(named)].sort())
})

describe.each(syncs)('$name', ({ name, operation }) => {
  test('names one scheme: clients made from the description send one header', () => {
    // Who comes over the upstream's own path has a client that sends its key as the upstream takes it.
    const scheme = name.includes('/contents/v1/') ? 'apiKey' : 'bearer'
    expect(operation.security).toEqual([{ [scheme]: [] }])
  })

  test('takes and gives only described members', () => {
    const body = operation.requestBody?.content['application/json']?.schema ?? {}
    expect(faults(body, { date_limit: '2026-01-01' })).toBe('')
    expect(faults(body, { date_limit: 'yesterday' })).not.toBe('')
    expect(faults(body, { other: 1 })).not.toBe('')
  })
})

test.each(problemCodes)('the envelope of %s, with every member that it can have, is as described', code => {
  const errors = [{ pointer: '', detail: 'x' }]
  const body = renderProblem(new Problem(code, { retryAfter: 3, errors, upstream: { status: 500 } }), 'id')
  expect(faults({ $ref: '#/components/schemas/Problem' }, body)).toBe('')
  const { action, ...without } = body
  expect(action).not.toBe('')
  expect(faults({ $ref: '#/components/schemas/Problem' }, without)).not.toBe('')
})

test('the limit of a list is a number from 1 to 100', () => {
  const lists = operations.filter(({ operation }) =>
    operation.parameters?.some(({ name }) => name === 'limit')
  )
  expect(lists.map(({ name }) => name)).toEqual(['GET /connectors/{id}/syncs'])
  for (const { operation } of lists) {
    const { schema = {} } = operation.parameters?.find(({ name }) => name === 'limit') ?? {}
    expect(schema).toMatchObject({ type: 'integer' })
    for (const limit of [1, 20, 100]) expect(faults(schema, limit)).toBe('')
    for (const limit of [0, 101, 1.5, '20']) expect(faults(schema, limit)).not.toBe('')
  }
})

test('connectors in examples are those of the sandbox, each with a body that its type takes', async () => {
  const sandbox = await startSandbox()
  await sandbox.close()
  const typeOf = new Map(sandbox.connectors.map(({ connector_id, type }) => [connector_id, type]))
  const ids = [...stored.matchAll(/"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"/g)]
  const connectors = ids.map(([, id = '']) => id).filter(id => !stored.includes(`"request_id": "${id}"`))
  expect(connectors.length).toBeGreaterThan(4)
  for (const id of connectors) expect(typeOf.get(id), id).toBeDefined()
  for (const { operation } of syncs) {
    const answers = operation.responses['200']?.content?.['application/json']?.examples ?? {}
    expect(Object.values(answers)).toHaveLength(2)
    for (const { value } of Object.values(answers)) {
      const { connector_id: id, date_limit: date } = value as { connector_id: string; date_limit?: string }
      expect(typeOf.get(id)).toBe(date === undefined ? 'sharepoint' : 'investment_research')
    }
  }
})

test('every example is valid by the schema that it stands beside', () => {
  let examples = 0
  for (const { name, operation } of operations)
    for (const content of [
      operation.requestBody?.content ?? {},
      ...Object.values(operation.responses).map(answer => answer.content ?? {})
    ])
      for (const media of Object.values(content))
        for (const { value } of Object.values(media.examples ?? {})) {
          examples++
          expect(faults(media.schema, value), name).toBe('')
        }
  expect(examples).toBeGreaterThanOrEqual(80)
  expect(embeddedExampleFaults(document)).toEqual([])
})

describe('over a socket', () => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startTestGateway()
  })
  afterAll(() => gateway.close())

  test('/openapi.json is the same description, without a key', async () => {
    const [answer] = await rawRequest(gateway.port, requestBytes({ method: 'GET', target: '/openapi.json' }))
    expect(answer && header(answer, 'content-type')).toMatch(/^application\/json/)
    expect(JSON.parse(answer?.body ?? '')).toEqual(document)
  })

  test('/docs is a page that loads nothing from other origins', async () => {
    const [answer] = await rawRequest(gateway.port, requestBytes({ method: 'GET', target: '/docs' }))
    expect(answer?.status).toBe(200)
    expect(answer?.body).not.toMatch(/(?:src|href)="(?:https?:)?\/\//)
    const assets = [...(answer?.body ?? '').matchAll(/(?:src|href)="\.?\/?([^"]+)"/g)].map(([, path]) => path)
    expect(assets.length).toBeGreaterThan(2)
    for (const path of assets) {
      const target = `/${path}`.replace(/^\/(?!docs\/)/, '/docs/')
      const [asset] = await rawRequest(gateway.port, requestBytes({ method: 'GET', target }))
      expect(asset?.status, target).toBe(200)
    }
  })

  test('the answer has exactly the described members', async () => {
    const calls = [
      { path: '/livez', bytes: requestBytes({ method: 'GET', target: '/livez' }) },
      { path: '/problems', bytes: requestBytes({ method: 'GET', target: '/problems' }) },
      { path: '/problems/{code}', bytes: requestBytes({ method: 'GET', target: '/problems/sealed' }) },
      {
        path: '/connectors/{id}/sync',
        bytes: syncBytes({ key: gateway.key, connectorId: gateway.connectors.sharepoint })
      },
      {
        path: '/connectors/{id}/sync',
        bytes: syncBytes(
          { key: gateway.key, connectorId: gateway.connectors.investment_research },
          { body: '{"date_limit":"2026-01-01"}' }
        )
      }
    ]
    for (const { path, bytes } of calls) {
      const [answer] = await rawRequest(gateway.port, bytes)
      const operation = Object.values(document.paths[path] ?? {})[0]
      const schema = operation?.responses[answer?.status ?? 0]?.content?.['application/json']?.schema
      expect(schema, path).toBeDefined()
      expect(faults(schema ?? {}, JSON.parse(answer?.body ?? ''))).toBe('')
    }
  })
})

/** Members `examples` inside schemas, wherever they are, against the schema that holds them. */
function embeddedExampleFaults(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return []
  const { type, examples } = node as { type?: unknown; examples?: unknown }
  const own =
    typeof type === 'string' && Array.isArray(examples)
      ? examples.map(example => faults(node, example)).filter(fault => fault !== '')
      : []
  return [...own, ...Object.values(node).flatMap(embeddedExampleFaults)]
}
