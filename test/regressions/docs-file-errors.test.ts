import { afterAll, beforeAll, test } from 'vitest'
import { expectProblem } from '../support/expect-problem.ts'
import { rawRequest } from '../support/raw-connection.ts'
import { requestBytes } from '../support/request-bytes.ts'
import { startTestApp, type TestApp } from '../support/test-app.ts'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app.close())

// The file server behind /docs has failures of its own; none of them is a fault of ours to be paged for.
test.each([
  { target: '/docs/static/%2e%2e/%2e%2e/package.json', code: 'route_not_found' },
  { target: '/docs/static/%00', code: 'route_not_found' },
  { target: `/docs/static/${'a'.repeat(300)}`, code: 'route_not_found' },
  { target: '/docs/static/swagger-ui.css', more: ['Range: bytes=99999999-'], code: 'request_malformed' },
  { target: '/docs/static/swagger-ui.css', more: ['If-Match: "other"'], code: 'request_malformed' }
] as const)('GET $target is answered with $code', async ({ target, code, ...parts }) => {
  expectProblem((await rawRequest(app.port, requestBytes({ method: 'GET', target, ...parts })))[0], code)
})
