import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { gatewayForFile } from '../support/fixtures/gateway-for-file.ts'
import { issueAdminKeys } from '../support/http/admin-client.ts'
import { expectProblem } from '../support/http/expect-problem.ts'
import { getDocument } from '../support/http/get-document.ts'
import { rawRequest } from '../support/http/raw-connection.ts'
import { requestBytes } from '../support/http/request-bytes.ts'

const file = gatewayForFile({ prepare: issueAdminKeys })

const html = { accept: 'text/html' }
const uuidv7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

type Row = { readonly path: string; readonly headers?: Record<string, string>; readonly type: string }
const rows: readonly Row[] = [
  { path: '/openapi.json', type: 'application/json; charset=utf-8' },
  { path: '/docs', type: 'text/html; charset=utf-8' },
  { path: '/docs/', type: 'text/html; charset=utf-8' },
  { path: '/docs/json', type: 'application/json; charset=utf-8' },
  { path: '/docs/yaml', type: 'application/x-yaml' },
  { path: '/docs/static/swagger-ui-bundle.js', type: 'text/javascript; charset=utf-8' },
  { path: '/docs/static/swagger-ui-standalone-preset.js', type: 'text/javascript; charset=utf-8' },
  { path: '/docs/static/swagger-initializer.js', type: 'text/javascript; charset=utf-8' },
  { path: '/docs/static/swagger-ui.css', type: 'text/css; charset=utf-8' },
  { path: '/docs/static/index.css', type: 'text/css; charset=utf-8' },
  { path: '/docs/static/favicon-16x16.png', type: 'image/png' },
  { path: '/docs/static/favicon-32x32.png', type: 'image/png' },
  { path: '/problems', type: 'application/json; charset=utf-8' },
  { path: '/problems', headers: html, type: 'text/html; charset=utf-8' },
  { path: '/problems/sealed', type: 'application/json; charset=utf-8' },
  { path: '/problems/sealed', headers: html, type: 'text/html; charset=utf-8' },
  { path: '/admin/openapi.json', type: 'application/json; charset=utf-8' }
]

function ask({ path, headers = {} }: Row, more: Record<string, string> = {}, method = 'GET') {
  const { port, adminPort, prepared } = file.gateway
  const admin = path.startsWith('/admin')
  const key = admin ? { authorization: `Bearer ${prepared.viewer}` } : {}
  return getDocument(admin ? adminPort : port, path, { method, headers: { ...headers, ...key, ...more } })
}

describe.each(rows)('$path as $type', row => {
  test('is served with its length and tag, cannot be sniffed as another type, and cannot be framed', async () => {
    const { status, headers, body } = await ask(row)
    expect(status).toBe(200)
    expect(headers['content-type']).toBe(row.type)
    expect(headers['content-length']).toBe(String(body.length))
    expect(headers['content-encoding']).toBeUndefined()
    expect(headers.etag).toMatch(/^"[\w-]{16,}"$/)
    expect(headers['cache-control']).toBe(row.path.startsWith('/admin') ? 'no-store' : 'no-cache')
    expect(headers['x-content-type-options']).toBe('nosniff')
    expect(headers['referrer-policy']).toBe('no-referrer')
    expect(headers['x-request-id']).toMatch(uuidv7)
    const policy = String(headers['content-security-policy'] ?? '')
    expect(policy.includes("frame-ancestors 'none'")).toBe(row.type.startsWith('text/html'))
    expect(policy).not.toMatch(/unsafe-eval|https?:|\*/)
  })

  test('is compressed for clients that accept gzip, with another tag and the same content', async () => {
    const plain = await ask(row)
    const packed = await ask(row, { 'accept-encoding': 'br, gzip;q=0.8, *;q=0.1' })
    const worthIt = plain.body.length >= 1_024
    expect(packed.headers['content-encoding']).toBe(worthIt ? 'gzip' : undefined)
    expect(packed.headers['content-length']).toBe(String(packed.body.length))
    for (const { headers } of [plain, packed])
      expect(String(headers.vary ?? '').includes('accept-encoding')).toBe(worthIt)
    if (!worthIt) return
    expect(packed.body.length).toBeLessThan(plain.body.length)
    expect(gunzipSync(packed.body).equals(plain.body)).toBe(true)
    expect(packed.headers.etag).not.toBe(plain.headers.etag)
  })

  test.each<Record<string, string>>([{}, { 'accept-encoding': 'gzip' }])(
    'is not sent again to clients that have it, %j',
    async encoding => {
      const first = await ask(row, encoding)
      for (const tag of [`${first.headers.etag}`, `"other", W/${first.headers.etag}`, '*']) {
        const again = await ask(row, { ...encoding, 'if-none-match': tag })
        expect(again.status, tag).toBe(304)
        expect(again.body).toHaveLength(0)
        expect(again.headers['content-length']).toBeUndefined()
        for (const name of ['etag', 'cache-control', 'vary'] as const)
          expect(again.headers[name]).toBe(first.headers[name])
        expect(again.headers['x-request-id']).toMatch(uuidv7)
      }
      const other = await ask(row, { ...encoding, 'if-none-match': '"other"' })
      expect(other.body.equals(first.body)).toBe(true)
    }
  )

  test('HEAD is refused, as on every other route', async () => {
    const { status, headers, body } = await ask(row, {}, 'HEAD')
    expect(status).toBe(405)
    expect(headers.allow).toBe('GET')
    expect(body).toHaveLength(0)
  })
})

test.each([
  ['gzip;q=0', undefined],
  ['identity', undefined],
  ['identity, gzip;q=0.5', undefined],
  ['br', undefined],
  ['*', 'gzip'],
  ['*;q=0', undefined],
  ['gzip;q=none', undefined],
  ['X-GZIP', 'gzip'],
  [' GZip ; q=1.000 ,', 'gzip']
])('Accept-Encoding: %s is answered with %s', async (accepted, encoding) => {
  const { headers } = await ask({ path: '/problems', type: '' }, { 'accept-encoding': accepted })
  expect(headers['content-encoding']).toBe(encoding)
})

test.each([
  '/docs/static',
  '/docs/static/',
  '/docs/static/index.html',
  '/docs/static/csp.json',
  '/docs/static/swagger-ui.js',
  '/docs/static/oauth2-redirect.html',
  '/docs/static/package.json',
  '/docs/jsonx',
  '/docs//',
  '/docs/static/%73wagger-ui.css%00'
])('%s is no document', async target => {
  const [answer] = await rawRequest(file.gateway.port, requestBytes({ method: 'GET', target }))
  expectProblem(answer, 'route_not_found')
})

test('the description is the same under its three names', async () => {
  const plain = await ask({ path: '/openapi.json', type: '' })
  expect((await ask({ path: '/docs/json', type: '' })).headers.etag).toBe(plain.headers.etag)
  expect((await ask({ path: '/docs/yaml', type: '' })).body.toString()).toContain('\nopenapi: 3.1.0\n'.trim())
})
