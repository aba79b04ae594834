import { afterAll, beforeAll, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/fixtures/test-app.ts'
import { expectProblem } from '../../support/http/expect-problem.ts'
import { rawRequest } from '../../support/http/raw-connection.ts'
import { requestBytes } from '../../support/http/request-bytes.ts'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app.close())

// A file server behind /docs said so by Fastify's own 404, which repeated the path.
test.each(['/docs/static/nope.js', '/docs/static/..%2f..%2fpackage.json'])(
  'GET %s is answered with route_not_found',
  async target => {
    const [answer] = await rawRequest(app.port, requestBytes({ method: 'GET', target }))
    expectProblem(answer, 'route_not_found')
  }
)
