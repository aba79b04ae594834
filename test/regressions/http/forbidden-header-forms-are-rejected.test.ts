import { afterAll, beforeAll, test } from 'vitest'
import { startTestGateway, type TestGateway } from '../../support/fixtures/test-gateway.ts'
import { expectRefusal } from '../../support/http/expect-refusal.ts'
import { type RequestParts, syncBytes } from '../../support/http/request-bytes.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway()
})
afterAll(() => gateway.close())

function refusal(parts: RequestParts): Promise<unknown> {
  const call = { key: gateway.key, connectorId: gateway.connectors.sharepoint }
  return expectRefusal(gateway, syncBytes(call, parts), 'request_malformed')
}

test('a target with a fragment is refused, as intermediaries read it differently', async () => {
  await refusal({ target: `/connectors/${gateway.connectors.sharepoint}/sync#part` })
})

test.each(['', 'a/b', 'user@gateway', 'a b', 'a,b', 'gateway?x', '<gateway>'])(
  'a Host that is no host is refused: %j',
  async host => {
    await refusal({ headers: [`Host: ${host}`, 'Content-Type: application/json'] })
  }
)

test.each(['100-continue, other', 'other, 100-continue', '100-continue;q=1'])(
  'an Expect that asks for more than 100-continue is refused: %s',
  async expectation => {
    await refusal({ more: [`Expect: ${expectation}`] })
  }
)
