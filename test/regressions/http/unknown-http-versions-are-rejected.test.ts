import { testWithGateway } from '../../support/fixtures/test.ts'
import { expectRefusal } from '../../support/http/expect-refusal.ts'
import { syncBytes } from '../../support/http/request-bytes.ts'

const test = testWithGateway()

// Node's parser lets these through and treats them as HTTP/1.x.
test.for(['HTTP/0.9', 'HTTP/2.0'])(
  'a request that calls itself %s is refused',
  async (version, { gateway }) => {
    const call = { key: gateway.key, connectorId: gateway.connectors.sharepoint }
    await expectRefusal(gateway, syncBytes(call, { version }), 'request_malformed')
  }
)
