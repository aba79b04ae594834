import { afterEach, beforeEach, expect, test } from 'vitest'
import { SANDBOX_KEY, type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import type { UpstreamRequest } from '../../src/upstream/exchange.ts'
import { Transport } from '../../src/upstream/transport.ts'

let sandbox: Sandbox
const open: Transport[] = []
beforeEach(async () => {
  sandbox = await startSandbox()
})
afterEach(async () => {
  await Promise.all(open.splice(0).map(transport => transport.close()))
  await sandbox.close()
})

function transportOf(options: { connections?: number; capacity?: number } = {}): Transport {
  const transport = new Transport({ origin: sandbox.origin, ...options })
  open.push(transport)
  return transport
}

function request(more: Partial<UpstreamRequest> = {}): UpstreamRequest {
  return {
    method: 'POST',
    path: `/contents/v1/connectors/${sandbox.connectors[1]?.connector_id}/sync`,
    headers: ['x-api-key', SANDBOX_KEY],
    body: '{}',
    deadlineMs: 5000,
    abandoned: () => false,
    waitSeconds: () => 0,
    reveals: () => false,
    proves: () => true,
    ...more
  }
}

test('sends wait for a connection in their order, and no more connections are made than allowed', async () => {
  const transport = transportOf({ connections: 2 })
  const answers = await Promise.all(Array.from({ length: 20 }, () => transport.send(request())))
  expect(answers.map(({ kind }) => kind)).toEqual(Array(20).fill('answer'))
  expect(sandbox.counters()).toMatchObject({ connections_accepted: 2, requests: 20 })
})

test('there is room for so many calls and no more, and again when one is over', () => {
  const transport = transportOf({ capacity: 3 })
  expect([1, 2, 3, 4].map(() => transport.claim())).toEqual([true, true, true, false])
  transport.release()
  expect([transport.claim(), transport.claim()]).toEqual([true, false])
})

test('a deadline that passes in the queue ends a send that never went out', async () => {
  const transport = transportOf({ connections: 1 })
  sandbox.faults.set({ fault: 'delay-before-headers', options: { wait_ms: 90 } })
  const first = transport.send(request())
  const second = await transport.send(request({ deadlineMs: 30 }))
  expect(second).toMatchObject({ kind: 'failure', sent: false, error: { code: 'DEADLINE_PASSED' } })
  expect(await first).toMatchObject({ kind: 'answer' })
  expect(await transport.send(request())).toMatchObject({ kind: 'answer' })
  expect(sandbox.requests()).toHaveLength(2)
})

test('a deadline that passes on the wire ends the send as one that went out, and frees its place', async () => {
  const transport = transportOf({ connections: 1 })
  sandbox.faults.set({ fault: 'silent' })
  expect(await transport.send(request({ deadlineMs: 40 }))).toMatchObject({
    kind: 'failure',
    sent: true,
    error: { code: 'DEADLINE_PASSED' }
  })
  expect(await transport.send(request())).toMatchObject({ kind: 'answer', status: 200 })
})

test('an answer that comes after the deadline is nobody else’s answer', async () => {
  const transport = transportOf({ connections: 1 })
  sandbox.faults.set({ fault: 'delay-before-headers', options: { wait_ms: 400 } })
  const late = await transport.send(request({ deadlineMs: 300 }))
  expect(late.kind).toBe('failure')
  const answers = await Promise.all([transport.send(request()), transport.send(request())])
  expect(answers.map(({ kind }) => kind)).toEqual(['answer', 'answer'])
  expect(sandbox.requests()).toHaveLength(3)
})

test('a kept connection that the upstream closed or spoilt while idle costs no call a second send', async () => {
  for (const action of ['unsolicited', 'finish', 'reset'] as const) {
    const transport = transportOf({ connections: 1 })
    await transport.send(request())
    const before = sandbox.requests().length
    sandbox.disturbIdle(action, { connector_id: 'unsolicited', status: 'accepted' })
    const exchange = await transport.send(request())
    // Either it was seen in time and the call took a new connection, or the call failed: never both.
    if (exchange.kind === 'answer') expect(exchange.body).not.toContain('unsolicited')
    expect(sandbox.requests().length - before).toBeLessThanOrEqual(1)
  }
})
