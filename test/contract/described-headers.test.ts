import { expect, test } from 'vitest'
import { describeAdminApi, describeApi } from '../../src/cli/commands/openapi.ts'
import { gatewayForFile } from '../support/fixtures/gateway-for-file.ts'
import { issueAdminKeys } from '../support/http/admin-client.ts'
import { freshAddress } from '../support/http/fresh-address.ts'
import { rawRequest } from '../support/http/raw-connection.ts'
import { type RequestParts, requestBytes } from '../support/http/request-bytes.ts'

type Answers = Readonly<Record<string, { readonly headers?: object }>>
type Document = { paths: Record<string, Record<string, { responses: Answers }>> }

const documents = {
  port: JSON.parse(await describeApi('0.0.0')) as Document,
  adminPort: JSON.parse(await describeAdminApi('0.0.0')) as Document
}
const file = gatewayForFile({
  prepare: async setup => ({
    ...(await issueAdminKeys(setup)),
    narrow: await setup.addTenant({ name: 'narrow', rate_per_minute: 1, burst: 1 }),
    unpermitted: await setup.addTenant({ name: 'unpermitted', operations: [] })
  })
})

/** Those of HTTP itself, which a description of answers does not name. */
const framing = new Set(['content-type', 'content-length', 'connection', 'keep-alive', 'date'])

type Asked = {
  readonly listener?: 'port' | 'adminPort'
  readonly path: string
  readonly status: number
  readonly key?: 'key' | 'narrow' | 'unpermitted' | 'viewer' | 'operator' | null
  /** How often it is asked; the last answer counts. */
  readonly times?: number
} & Omit<RequestParts, 'key'>

const sync = '/connectors/{id}/sync'
const asked: readonly Asked[] = [
  { path: '/livez', method: 'GET', status: 200 },
  { path: '/problems', method: 'GET', status: 200 },
  { path: '/problems/{code}', method: 'GET', target: '/problems/sealed', status: 200 },
  { path: '/problems/{code}', method: 'GET', target: '/problems/none', status: 404 },
  { path: sync, key: 'key', status: 200 },
  { path: sync, key: 'key', body: '{"a":1}', status: 400 },
  { path: sync, key: 'key', body: '{', status: 400 },
  { path: sync, status: 401 },
  { path: sync, key: 'unpermitted', status: 403 },
  { path: sync, key: 'key', target: '/connectors/00000000-0000-4000-8000-000000000000/sync', status: 404 },
  { path: sync, key: 'key', body: `{"a":"${'x'.repeat(17_000)}"}`, status: 413 },
  { path: sync, key: 'narrow', times: 2, status: 429 },
  { listener: 'adminPort', path: '/readyz', method: 'GET', status: 200 },
  { listener: 'adminPort', path: '/admin/tenants', method: 'GET', key: 'viewer', status: 200 },
  { listener: 'adminPort', path: '/admin/tenants', key: 'viewer', status: 403 },
  { listener: 'adminPort', path: '/admin/tenants', key: 'operator', status: 400 },
  { listener: 'adminPort', path: '/admin/tenants', key: 'operator', body: '{"name":"acme"}', status: 409 },
  { listener: 'adminPort', path: '/admin/tenants', status: 401 }
]

test.each(asked)('$path, answered with $status, has no header that is not described', async wanted => {
  const { listener = 'port', path, status, key: whose = null, times = 1, ...parts } = wanted
  const { gateway } = file
  const key = whose === null ? null : whose === 'key' ? gateway.key : gateway.prepared[whose]
  const target = path.replace('{id}', gateway.connectors.sharepoint)
  const bytes = requestBytes({ target, body: parts.method === 'GET' ? '' : '{}', ...parts, key })
  const all = Buffer.concat(Array.from({ length: times }, () => bytes))
  const answers = await rawRequest(gateway[listener], all, { from: freshAddress(), count: times })
  const answer = answers.at(-1)
  expect(answer?.status, answer?.body).toBe(status)
  const described = documents[listener].paths[path]?.[(parts.method ?? 'POST').toLowerCase()]
  const names = Object.keys(described?.responses[status]?.headers ?? {}).map(name => name.toLowerCase())
  const sent = (answer?.headers ?? []).map(([name]) => name).filter(name => !framing.has(name))
  expect(sent.filter(name => !names.includes(name))).toEqual([])
})
