import Fastify from 'fastify'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AdminCaller } from '../../../src/identity/admin-key-directory.ts'
import { MemoryLimiter } from '../../../src/limits/memory-limiter.ts'
import { adminAuth } from '../../../src/plugins/admin/admin-auth.ts'
import { problemEnvelope } from '../../../src/plugins/problem-envelope.ts'
import { requestContext } from '../../../src/plugins/request-context.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import type { AdminRole } from '../../../src/tenants/keys/admin-key-rows.ts'
import { buildTestAdminApp } from '../../support/fixtures/test-admin-app.ts'
import { askAdmin } from '../../support/http/admin-client.ts'
import { expectProblem } from '../../support/http/expect-problem.ts'
import { header } from '../../support/http/http-answer.ts'
import { rawRequest } from '../../support/http/raw-connection.ts'
import { requestBytes } from '../../support/http/request-bytes.ts'

const callers: Readonly<Record<string, AdminCaller>> = {
  valid: { keyId: 'valid', role: 'viewer' },
  operator: { keyId: 'operator', role: 'operator' }
}
let nowUs = 1_000_000
let app: Awaited<ReturnType<typeof buildTestAdminApp>>
let port: number
beforeAll(async () => {
  app = await buildTestAdminApp({
    adminKeys: { authenticate: key => callers[key] ?? null },
    administration: {
      execute: async (_who, _name, input) => ({ revoked: Reflect.get(input, 'key_id') }) as never
    },
    limiters: { failures: new MemoryLimiter('unauthenticated', () => nowUs) }
  })
  port = Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port)
})
afterAll(() => app.close())

const target = '/admin/limits'

test('an address that fails too often is limited, a valid key from it is not, and Retry-After is true', async () => {
  const from = '127.4.0.1'
  for (let count = 0; count < 100; count++)
    expectProblem(await askAdmin(port, { target, key: 'wrong', from }), 'credentials_invalid')
  const refused = await askAdmin(port, { target, key: 'wrong', from })
  const { retry_after: retryAfter = 0 } = JSON.parse(refused.body)
  expectProblem(refused, 'rate_limited', { retryAfter })
  expect(header(refused, 'ratelimit-policy')).toBe('"unauthenticated";q=60;w=60')
  expect((await askAdmin(port, { target, key: 'valid', from })).status).toBe(200)
  expectProblem(await askAdmin(port, { target, key: 'wrong', from: '127.4.0.2' }), 'credentials_invalid')
  nowUs += retryAfter * 1_000_000
  expectProblem(await askAdmin(port, { target, key: 'wrong', from }), 'credentials_invalid')
})

test('a key is accepted as Bearer, as X-API-KEY or in both, and two different keys are refused', async () => {
  const send = async (...more: string[]) =>
    (await rawRequest(port, requestBytes({ method: 'GET', target, more, framing: null })))[0]
  expect((await send('X-API-KEY: valid'))?.status).toBe(200)
  expect((await send('Authorization: Bearer valid'))?.status).toBe(200)
  expect((await send('X-API-KEY: valid', 'Authorization: Bearer valid'))?.status).toBe(200)
  expectProblem(await send('X-API-KEY: valid', 'Authorization: Bearer operator'), 'request_malformed')
})

test('the body of a request without a valid key, or with too low a role, is never waited for', async () => {
  for (const [key, code] of [
    ['wrong', 'credentials_invalid'],
    ['valid', 'permission_denied']
  ] as const) {
    const framing = 'Content-Length: 16000'
    const bytes = requestBytes({ method: 'POST', target: '/admin/tenants', key, framing })
    expectProblem((await rawRequest(port, bytes, { from: '127.4.0.3' }))[0], code)
  }
})

test('an unexpected body is refused, also one of unknown length', async () => {
  const bytes = requestBytes({ method: 'GET', target, key: 'valid', framing: 'Transfer-Encoding: chunked' })
  expectProblem((await rawRequest(port, bytes))[0], 'request_invalid', {
    errors: [{ pointer: '', detail: 'must be empty' }]
  })
})

test('a media type without a body is accepted', async () => {
  const bytes = requestBytes({ method: 'DELETE', target: '/admin/keys/aaaaaaaaaaaaaaaa', key: 'operator' })
  const [answer] = await rawRequest(port, bytes)
  expect(JSON.parse(answer?.body ?? '')).toEqual({ revoked: 'aaaaaaaaaaaaaaaa' })
})

test('health needs no key, and other paths and methods are refused as everywhere', async () => {
  expect((await askAdmin(port, { target: '/livez', key: null })).body).toBe('{"status":"ok"}')
  expectProblem(await askAdmin(port, { target: '/admin/nothing', key: null }), 'route_not_found')
  const wrongMethod = await askAdmin(port, { method: 'DELETE', target, key: null })
  expectProblem(wrongMethod, 'method_not_allowed')
  expect(header(wrongMethod, 'allow')).toBe('GET')
})

test('no route is hidden from the description', () => {
  const { paths = {} } = app.swagger() as { paths?: Record<string, object> }
  const described = Object.values(paths).flatMap(methods => Object.keys(methods))
  const registered = [...app.printRoutes({ commonPrefix: false }).matchAll(/\(([A-Z, ]+)\)/g)]
  expect(registered.flatMap(([, methods = '']) => methods.split(', '))).toHaveLength(described.length)
})

test.each([undefined, 'viewer'] as const)('a route that declares the role %s', async role => {
  const scope = Fastify()
  await scope.register(problemEnvelope, { logger: createLogger('silent', { write: () => {} }) })
  await scope.register(requestContext, { isProxy: () => false })
  const failures = new MemoryLimiter('unauthenticated')
  await scope.register(adminAuth, { adminKeys: { authenticate: () => null }, failures })
  const config: { role?: AdminRole } = role === undefined ? {} : { role }
  const add = () => scope.get('/admin/forgotten', { config }, () => ({}))
  if (role === undefined) expect(add).toThrow('the admin route GET /admin/forgotten declares no role')
  else expect(add).not.toThrow()
  await scope.close()
})
