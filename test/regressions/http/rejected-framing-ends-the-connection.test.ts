import { expect } from 'vitest'
import { testWithGateway } from '../../support/fixtures/test.ts'
import { expectRefusal } from '../../support/http/expect-refusal.ts'
import { syncBytes } from '../../support/http/request-bytes.ts'

const test = testWithGateway()

// What follows a request that two implementations may frame differently may be the inside of its body to one of them.
test.for([
  { version: 'HTTP/1.0', more: ['Connection: keep-alive', 'Transfer-Encoding: chunked'] },
  { version: 'HTTP/1.1', more: ['Transfer-Encoding: gzip, chunked'] },
  { version: 'HTTP/1.1', more: ['Transfer-Encoding: identity'] },
  { version: 'HTTP/1.1', more: ['X-Two: 1', 'Host: other'] }
])(
  'nothing behind a refused header set is taken for a request: $version $more',
  async (parts, { gateway }) => {
    const call = { key: gateway.key, connectorId: gateway.connectors.sharepoint }
    const refused = syncBytes(call, { ...parts, body: '0\r\n\r\n', framing: null })
    const entriesBefore = gateway.entries().length
    await expectRefusal(gateway, Buffer.concat([refused, syncBytes(call)]), 'request_malformed')
    await expect.poll(() => gateway.entries().length).toBeGreaterThan(entriesBefore)
    expect(gateway.entries().filter(({ kind }) => kind === 'call.intent')).toEqual([])
  }
)
