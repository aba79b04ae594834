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

// A file server behind /docs said so by Fastify's own 404, which repeated the path.
test.for(['/docs/static/nope.js', '/docs/static/..%2f..%2fpackage.json'])(
  'GET %s is answered with route_not_found',
  async (target, { app }) => {
    const [answer] = await rawRequest(app.port, requestBytes({ method: 'GET', target }))
    expectProblem(answer, 'route_not_found')
  }
)
