import { testWithGateway } from '../../support/fixtures/test.ts'
import { expectRefusal } from '../../support/http/expect-refusal.ts'
import { requestBytes } from '../../support/http/request-bytes.ts'

const test = testWithGateway()

// The body used to be parsed first, and what was wrong with it hid that there is nothing at this path.
test.for([
  { headers: ['Host: gateway', 'Content-Type: application/json'], body: '' },
  { headers: ['Host: gateway', 'Content-Type: application/json'], body: '{' },
  { headers: ['Host: gateway', 'Content-Type: image/png'], body: 'x' },
  { headers: ['Host: gateway', 'Content-Type: text/plain'], body: 'a'.repeat(17 * 1024) }
])('an unknown path is route_not_found whatever its body is: $headers', async (parts, { gateway }) => {
  await expectRefusal(gateway, requestBytes({ target: '/nowhere', ...parts }), 'route_not_found')
})
