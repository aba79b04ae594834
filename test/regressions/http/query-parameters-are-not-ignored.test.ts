import { afterAll, beforeAll, test } from 'vitest'
import { startTestGateway, type TestGateway } from '../../support/fixtures/test-gateway.ts'
import { expectRefusal, marker } from '../../support/http/expect-refusal.ts'
import { syncBytes } from '../../support/http/request-bytes.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway()
})
afterAll(() => gateway.close())

test.each(['date_limit=2026-01-01', `api_key=${marker}`, `${marker}`, 'a=1&a=2'])(
  'a query is refused, never silently dropped: ?%s',
  async query => {
    const connectorId = gateway.connectors.sharepoint
    const bytes = syncBytes(
      { key: gateway.key, connectorId },
      { target: `/connectors/${connectorId}/sync?${query}` }
    )
    const errors = [{ pointer: '/query', detail: 'must be empty' }]
    await expectRefusal(gateway, bytes, 'request_invalid', { errors })
  }
)
