import { testWithGateway } from '../../support/fixtures/test.ts'
import { expectRefusal, marker } from '../../support/http/expect-refusal.ts'
import { syncBytes } from '../../support/http/request-bytes.ts'

const test = testWithGateway()

test.for(['date_limit=2026-01-01', `api_key=${marker}`, `${marker}`, 'a=1&a=2'])(
  'a query is refused, never silently dropped: ?%s',
  async (query, { gateway }) => {
    const connectorId = gateway.connectors.sharepoint
    const bytes = syncBytes(
      { key: gateway.key, connectorId },
      { target: `/connectors/${connectorId}/sync?${query}` }
    )
    const errors = [{ pointer: '/query', detail: 'must be empty' }]
    await expectRefusal(gateway, bytes, 'request_invalid', { errors })
  }
)
