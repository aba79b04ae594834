import { expect } from 'vitest'
import { opened, test as plainTest } from '../../support/fixtures/test.ts'
import { startTestApp } from '../../support/fixtures/test-app.ts'
import { expectProblem } from '../../support/http/expect-problem.ts'
import { rawRequest } from '../../support/http/raw-connection.ts'
import { requestBytes } from '../../support/http/request-bytes.ts'

const test = plainTest.extend(
  'app',
  { scope: 'file' },
  opened(() => startTestApp())
)

// A file server behind /docs had failures of its own; none of them is a fault of ours to be paged for.
test.for([
  { target: '/docs/static/%2e%2e/%2e%2e/package.json', code: 'route_not_found' },
  { target: '/docs/static/%00', code: 'route_not_found' },
  { target: `/docs/static/${'a'.repeat(300)}`, code: 'route_not_found' },
  { target: '/docs/static/swagger-ui.css', more: ['If-Match: "other"'], code: 'request_malformed' }
] as const)('GET $target is answered with $code', async ({ target, code, ...parts }, { app }) => {
  expectProblem((await rawRequest(app.port, requestBytes({ method: 'GET', target, ...parts })))[0], code)
})

// A range may be ignored: the documents are small, and one that does not exist was a failure of the file server.
test.for(['bytes=99999999-', 'bytes=0-1', 'bytes=1-0', 'lines=1-'])(
  'Range: %s gets the whole document',
  async (range, { app }) => {
    const target = '/docs/static/swagger-ui.css'
    const [whole] = await rawRequest(app.port, requestBytes({ method: 'GET', target }))
    const [answer] = await rawRequest(
      app.port,
      requestBytes({ method: 'GET', target, more: [`Range: ${range}`] })
    )
    expect(answer?.status).toBe(200)
    expect(answer?.body).toBe(whole?.body)
  }
)
