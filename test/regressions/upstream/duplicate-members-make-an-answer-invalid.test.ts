import { expect } from 'vitest'
import { test } from '../../support/fixtures/test.ts'
import type { TestGateway } from '../../support/fixtures/test-gateway.ts'
import { expectProblem } from '../../support/http/expect-problem.ts'
import { rawRequest } from '../../support/http/raw-connection.ts'
import { connectorOf, rawAnswer } from '../../support/http/raw-upstream.ts'
import { syncBytes } from '../../support/http/request-bytes.ts'

// Of two members with one name the last counted: an answer that said both `failed` and `accepted` was accepted.

let gateway: TestGateway
let status = '200 OK'
let body = ''
test.beforeAll(async ({ startRawUpstreamOfFile, startGatewayOfFile }) => {
  const upstream = await startRawUpstreamOfFile({
    request: (request, socket) =>
      void socket.write(rawAnswer(`HTTP/1.1 ${status}`, body.replaceAll('ID', connectorOf(request))))
  })
  gateway = await startGatewayOfFile({ env: { GATEWAY_UPSTREAM_ORIGIN: upstream.origin } })
})

async function sync() {
  const connectorId = gateway.connectors.sharepoint
  return (await rawRequest(gateway.port, syncBytes({ key: gateway.key, connectorId })))[0]
}

test.each([
  '{"connector_id":"ID","status":"failed","status":"accepted"}',
  '{"connector_id":"ID","connector_id":"ID","status":"accepted"}',
  '{"connector_id":"ID","status":"accepted","more":{"a":1,"a":2}}',
  '{"connector_id":"ID","status":"accepted","st\\u0061tus":"accepted"}',
  '{"connector_id":"ID","status":"accepted","more":[[{"a":"\\\\","a":""}]]}'
])('an answer that names a member twice is no valid answer: %s', async text => {
  status = '200 OK'
  body = text
  expectProblem(await sync(), 'upstream_answer_invalid', { forwarded: 'yes', upstream: { status: 200 } })
})

test('only the status of an error that names a member twice is passed on', async () => {
  status = '404 Not Found'
  body = '{"statusCode":404,"errorCode":"First","errorCode":"Second","requestId":"r-1"}'
  expectProblem(await sync(), 'connector_not_found', { forwarded: 'yes', upstream: { status: 404 } })
})

test('an answer whose strings look like repeated members is valid', async () => {
  status = '200 OK'
  body = '{"connector_id":"ID","status":"accepted","a":"\\"status\\":","b":{"status":""},"c":["status",":"]}'
  expect((await sync())?.status).toBe(200)
})
