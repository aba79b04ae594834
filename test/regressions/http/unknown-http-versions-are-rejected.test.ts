import { afterAll, beforeAll, test } from 'vitest'
import { startTestGateway, type TestGateway } from '../../support/fixtures/test-gateway.ts'
import { expectRefusal } from '../../support/http/expect-refusal.ts'
import { syncBytes } from '../../support/http/request-bytes.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway()
})
afterAll(() => gateway.close())

// Node's parser lets these through and treats them as HTTP/1.x.
test.each(['HTTP/0.9', 'HTTP/2.0'])('a request that calls itself %s is refused', async version => {
  const call = { key: gateway.key, connectorId: gateway.connectors.sharepoint }
  await expectRefusal(gateway, syncBytes(call, { version }), 'request_malformed')
})
