import { describe, expect } from 'vitest'
import { testWithGateway } from './support/fixtures/test.ts'
import { expectProblem } from './support/http/expect-problem.ts'
import { header } from './support/http/http-answer.ts'
import { rawRequest } from './support/http/raw-connection.ts'
import { requestBytes, syncBytes } from './support/http/request-bytes.ts'

const test = testWithGateway()

describe('a sync call', () => {
  test.for(['/connectors', '/contents/v1/connectors'])(
    'is answered with what the upstream said, under %s',
    async (prefix, { gateway }) => {
      const connectorId = gateway.connectors.investment_research
      const body = '{"date_limit":"2026-01-01"}'
      const [answer] = await rawRequest(
        gateway.port,
        requestBytes({ target: `${prefix}/${connectorId}/sync`, key: gateway.key, body })
      )
      expect(answer?.status).toBe(200)
      expect(JSON.parse(answer?.body ?? '')).toStrictEqual({
        connector_id: connectorId,
        status: 'accepted',
        date_limit: '2026-01-01'
      })
    }
  )

  test('leaves date_limit out of the answer for a sharepoint connector', async ({ gateway }) => {
    const connectorId = gateway.connectors.sharepoint
    const [answer] = await rawRequest(gateway.port, syncBytes({ key: gateway.key, connectorId }))
    expect(JSON.parse(answer?.body ?? '')).toStrictEqual({ connector_id: connectorId, status: 'accepted' })
  })

  test('takes the key in X-API-KEY as well', async ({ gateway }) => {
    const bytes = syncBytes(
      { key: null, connectorId: gateway.connectors.sharepoint },
      { more: [`X-API-KEY: ${gateway.key}`] }
    )
    expect((await rawRequest(gateway.port, bytes))[0]?.status).toBe(200)
  })

  test('is answered with the documented headers and no others', async ({ gateway }) => {
    const bytes = syncBytes({ key: gateway.key, connectorId: gateway.connectors.sharepoint })
    const [answer] = await rawRequest(gateway.port, bytes)
    expect(answer?.headers.map(([name]) => name).sort()).toEqual([
      'connection',
      'content-length',
      'content-type',
      'date',
      'keep-alive',
      'ratelimit',
      'ratelimit-policy',
      'x-request-id'
    ])
    expect(answer && header(answer, 'content-type')).toBe('application/json; charset=utf-8')
  })
})

describe.each(['port', 'adminPort'] as const)('on the listener of %s', which => {
  test.for(['/livez', '/readyz'])('%s says ok', async (target, { gateway }) => {
    const [answer] = await rawRequest(gateway[which], requestBytes({ method: 'GET', target }))
    expect(answer?.status).toBe(200)
    expect(answer?.body).toBe('{"status":"ok"}')
  })

  test('an unknown path is a problem', async ({ gateway }) => {
    const [answer] = await rawRequest(gateway[which], requestBytes({ method: 'GET', target: '/nowhere' }))
    expectProblem(answer, 'route_not_found')
  })
})

test('the admin listener takes no calls', async ({ gateway }) => {
  const bytes = syncBytes({ key: gateway.key, connectorId: gateway.connectors.sharepoint })
  expectProblem((await rawRequest(gateway.adminPort, bytes))[0], 'route_not_found')
})
