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

test('a request line of more than 8 KiB is a long URI, not large headers', async ({ app }) => {
  const bytes = requestBytes({ method: 'GET', target: `/${'a'.repeat(9000)}` })
  expectProblem((await rawRequest(app.port, bytes))[0], 'uri_too_long')
})

test('large headers behind a short request line are large headers', async ({ app }) => {
  const bytes = requestBytes({ method: 'GET', target: '/livez', more: [`X-Filler: ${'a'.repeat(9000)}`] })
  expectProblem((await rawRequest(app.port, bytes))[0], 'headers_too_large')
})
