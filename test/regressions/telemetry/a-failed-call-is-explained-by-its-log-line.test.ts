import { expect } from 'vitest'
import type { LedgerEntry } from '../../../src/ledger/entry/entry.ts'
import { gatewayForFile } from '../../support/fixtures/gateway-for-file.ts'
import { test } from '../../support/fixtures/test.ts'
import type { TestGateway } from '../../support/fixtures/test-gateway.ts'
import { header } from '../../support/http/http-answer.ts'
import { rawRequest } from '../../support/http/raw-connection.ts'
import { syncBytes } from '../../support/http/request-bytes.ts'
import { closedPort } from '../../support/http/unreachable-upstream.ts'

const file = gatewayForFile()

/** The line of one call and its outcome in the ledger. */
async function made(
  gateway: TestGateway = file.gateway,
  connectorId: string = gateway.connectors.sharepoint
): Promise<{ line: Record<string, unknown>; outcome: Partial<LedgerEntry> | undefined }> {
  const [answer] = await rawRequest(gateway.port, syncBytes({ key: gateway.key, connectorId }))
  const requestId = (answer && header(answer, 'x-request-id')) ?? ''
  const line = () =>
    gateway
      .logged()
      .split('\n')
      .find(text => text.includes(requestId)) ?? ''
  await expect.poll(line).toContain('request completed')
  const outcome = gateway
    .entries()
    .find(entry => entry.kind === 'call.outcome' && entry.request_id === requestId)
  return { line: JSON.parse(line()), outcome }
}

test('the line of an accepted call names its credential, its connector and its time upstream', async () => {
  const { line, outcome } = await made()
  const { sharepoint } = file.gateway.connectors
  expect(line).toMatchObject({
    level: 30,
    status: 200,
    connector_id: sharepoint,
    credential: 'default@1',
    attempts: 1,
    upstream_status: 200,
    upstream_ms: outcome?.upstream_ms
  })
  expect(outcome?.upstream_ms).toBeGreaterThanOrEqual(0)
  expect(outcome?.upstream_ms).toBeLessThanOrEqual((outcome?.duration_ms ?? 0) + 1)
  expect(line).not.toHaveProperty('cause')
  expect(line).not.toHaveProperty('limit')
})

test('the line of a call at which the upstream failed is a warning with what it answered', async () => {
  file.gateway.sandbox.faults.set({ fault: 'content-error', options: { status: 500 } })
  const { line, outcome } = await made()
  expect(outcome?.upstream_request_id).toEqual(expect.any(String))
  expect(line).toMatchObject({
    level: 40,
    status: 502,
    code: 'upstream_failed',
    connector_id: file.gateway.connectors.sharepoint,
    credential: 'default@1',
    attempts: 1,
    upstream_status: 500,
    upstream_request_id: outcome?.upstream_request_id,
    upstream_ms: outcome?.upstream_ms
  })
})

test('a refusal by the upstream that was to be expected is no warning', async () => {
  const unknown = '00000000-0000-4000-8000-00000000000a'
  const { line } = await made(file.gateway, unknown)
  expect(line).toMatchObject({
    level: 30,
    code: 'connector_not_found',
    connector_id: unknown,
    upstream_status: 404
  })
})

test('the line of a call that could not be made says why, and so does its outcome', async ({
  startGateway
}) => {
  const origin = `http://127.0.0.1:${await closedPort()}`
  const gateway = await startGateway({ env: { GATEWAY_UPSTREAM_ORIGIN: origin } })
  const { line, outcome } = await made(gateway)
  expect(line).toMatchObject({
    level: 40,
    code: 'upstream_unreachable',
    forwarded: 'no',
    cause: 'refused',
    credential: 'default@1',
    upstream_ms: expect.any(Number)
  })
  expect(outcome).toMatchObject({ cause: 'refused', upstream_ms: expect.any(Number) })
  expect(line).not.toHaveProperty('upstream_status')
})
