import { METHODS } from 'node:http'
import { describe, expect, test } from 'vitest'
import { gatewayForFile } from '../support/fixtures/gateway-for-file.ts'
import { expectProblem } from '../support/http/expect-problem.ts'
import { expectRefusal } from '../support/http/expect-refusal.ts'
import { header } from '../support/http/http-answer.ts'
import { rawRequest } from '../support/http/raw-connection.ts'
import { requestBytes, syncBytes } from '../support/http/request-bytes.ts'

const file = gatewayForFile()
const call = () => ({ key: file.gateway.key, connectorId: file.gateway.connectors.sharepoint })
const others = (...allowed: string[]) =>
  METHODS.filter(method => ![...allowed, 'CONNECT', 'HEAD'].includes(method))

describe('an unsupported method of a path is refused with the supported ones', () => {
  test.each(others('POST'))('%s on a sync route', async method => {
    await expectRefusal(file.gateway, syncBytes(call(), { method }), 'method_not_allowed')
    const [answer] = await rawRequest(file.gateway.port, syncBytes(call(), { method }))
    expect(answer && header(answer, 'allow')).toBe('POST')
  })

  test.each([
    ['/livez', 'GET, HEAD'],
    ['/readyz', 'GET, HEAD'],
    ['/problems', 'GET'],
    ['/problems/internal_error', 'GET'],
    ['/openapi.json', 'GET']
  ])('DELETE, TRACE, OPTIONS and PROPFIND on %s', async (target, allow) => {
    for (const method of ['DELETE', 'TRACE', 'OPTIONS', 'PROPFIND']) {
      const [answer] = await rawRequest(file.gateway.port, requestBytes({ method, target }))
      expectProblem(answer, 'method_not_allowed')
      expect(answer && header(answer, 'allow')).toBe(allow)
    }
  })

  test('the answer is the same without a key, and reveals no more than the description', async () => {
    await expectRefusal(
      file.gateway,
      syncBytes({ ...call(), key: null }, { method: 'PUT' }),
      'method_not_allowed'
    )
  })

  test('on the admin listener', async () => {
    const [answer] = await rawRequest(
      file.gateway.adminPort,
      requestBytes({ method: 'PUT', target: '/livez' })
    )
    expectProblem(answer, 'method_not_allowed')
  })
})

test('an unknown path is not found with every method', async () => {
  for (const method of others()) {
    const [answer] = await rawRequest(file.gateway.port, requestBytes({ method, target: '/nowhere' }))
    expectProblem(answer, 'route_not_found')
  }
})

test.each([
  { target: '/problems', status: 405 },
  { target: '/nowhere', status: 404 }
])('HEAD $target is answered without a body, as HTTP has it', async ({ target, status }) => {
  const bytes = requestBytes({ method: 'HEAD', target, more: ['Connection: close'] })
  const [answer] = await rawRequest(file.gateway.port, bytes, { bodiless: true })
  expect(answer?.status).toBe(status)
  expect(answer && header(answer, 'content-type')).toBe('application/problem+json')
})

test.each(['example.com:443', '/livez'])('CONNECT %s is refused and closed', async target => {
  await expectRefusal(file.gateway, requestBytes({ method: 'CONNECT', target }), 'method_not_allowed')
})

test.each(['X-HTTP-Method-Override: GET', 'X-Method-Override: DELETE', 'X-HTTP-Method: PUT'])(
  'no header changes the method: %s',
  async line => {
    const [answer] = await rawRequest(file.gateway.port, syncBytes(call(), { more: [line] }))
    expect(answer?.status).toBe(200)
  }
)
