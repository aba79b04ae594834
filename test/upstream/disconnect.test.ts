import { expect } from 'vitest'
import { SANDBOX_KEY, startSandbox } from '../../src/sandbox/sandbox.ts'
import type { UpstreamResponse } from '../../src/upstream/transport/response.ts'
import { Transport } from '../../src/upstream/transport/transport.ts'
import { testWithGateway } from '../support/fixtures/test.ts'
import { rawConnection, rawRequest } from '../support/http/raw-connection.ts'
import { syncBytes } from '../support/http/request-bytes.ts'

const test = testWithGateway({ env: { GATEWAY_UPSTREAM_DEADLINE_MS: '5000' } })

test('a caller that leaves while the call is made does not stop it: its outcome is recorded', async ({
  gateway
}) => {
  gateway.sandbox.faults.set({ fault: 'delay-before-headers', options: { wait_ms: 60 } })
  const before = gateway.sandbox.counters().requests
  const connection = await rawConnection(gateway.port)
  connection.write(syncBytes({ key: gateway.key, connectorId: gateway.connectors.sharepoint }))
  await expect.poll(() => gateway.sandbox.counters().requests).toBe(before + 1)
  connection.reset()
  await expect
    .poll(() => gateway.entries().at(-1))
    .toMatchObject({ kind: 'call.outcome', code: 'accepted', status: 200, upstream_status: 200 })
})

test('a caller that leaves before its body is complete leaves no call behind', async ({ gateway }) => {
  const before = gateway.sandbox.counters().requests
  const entries = gateway.entries().filter(({ kind }) => kind === 'call.intent').length
  for (const leave of ['reset', 'finish', 'close'] as const) {
    const connection = await rawConnection(gateway.port)
    connection.write(
      syncBytes({ key: gateway.key, connectorId: gateway.connectors.sharepoint }).subarray(0, -1)
    )
    connection[leave]()
    await connection.ended
  }
  const [next] = await rawRequest(
    gateway.port,
    syncBytes({ key: gateway.key, connectorId: gateway.connectors.sharepoint })
  )
  expect(next?.status).toBe(200)
  expect(gateway.sandbox.counters().requests).toBe(before + 1)
  expect(gateway.entries().filter(({ kind }) => kind === 'call.intent')).toHaveLength(entries + 1)
})

test('for a caller that leaves before anything is sent upstream nothing is sent, and the outcome says so', async ({
  gateway
}) => {
  const before = gateway.sandbox.counters().requests
  // The intent waits for the store, which another process holds until the caller has gone.
  gateway.store.raw.exec('BEGIN IMMEDIATE')
  const connection = await rawConnection(gateway.port)
  connection.write(syncBytes({ key: gateway.key, connectorId: gateway.connectors.sharepoint }))
  const [health] = await rawRequest(gateway.port, 'GET /livez HTTP/1.1\r\nHost: a\r\n\r\n')
  expect(health?.status).toBe(200)
  connection.reset()
  await connection.ended
  await rawRequest(gateway.port, 'GET /livez HTTP/1.1\r\nHost: a\r\n\r\n')
  gateway.store.raw.exec('COMMIT')
  await expect
    .poll(() => gateway.entries().at(-1))
    .toMatchObject({ kind: 'call.outcome', code: 'client_disconnected', forwarded: 'no' })
  expect(gateway.entries().at(-1)).not.toHaveProperty('status')
  expect(gateway.sandbox.counters().requests).toBe(before)
})

test('a request that nobody waits for any more is not sent when its turn comes', async () => {
  const sandbox = await startSandbox()
  const transport = new Transport({ origin: sandbox.origin, connections: 1 })
  const path = `/contents/v1/connectors/${sandbox.connectors[1]?.connector_id}/sync`
  const request = {
    method: 'POST' as const,
    path,
    headers: ['x-api-key', SANDBOX_KEY],
    body: '{}',
    deadlineAt: performance.now() + 5000,
    waitSeconds: () => 0,
    containsKey: () => false,
    classify: (response: UpstreamResponse) => response,
    isProven: () => true
  }
  sandbox.faults.set({ fault: 'delay-before-headers', options: { wait_ms: 30 } })
  let gone = false
  const first = transport.send({ ...request, abandoned: () => false })
  const second = transport.send({ ...request, abandoned: () => gone })
  gone = true
  expect(await first).toMatchObject({ kind: 'answer', status: 200 })
  expect(await second).toMatchObject({ kind: 'failure', sent: false, error: { code: 'CALL_ABANDONED' } })
  expect(sandbox.requests()).toHaveLength(1)
  await Promise.all([transport.close(), sandbox.close()])
})
