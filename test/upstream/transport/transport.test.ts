import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { SANDBOX_KEY, type Sandbox, startSandbox } from '../../../src/sandbox/sandbox.ts'
import type { UpstreamRequest, UpstreamResponse } from '../../../src/upstream/transport/response.ts'
import { Transport } from '../../../src/upstream/transport/transport.ts'
import { acceptedAnswer, connectorOf, rawUpstream } from '../../support/http/raw-upstream.ts'

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

function request(more: Partial<UpstreamRequest<UpstreamResponse>> = {}): UpstreamRequest<UpstreamResponse> {
  return {
    method: 'POST',
    path: `/contents/v1/connectors/${sandbox.connectors[1]?.connector_id}/sync`,
    headers: ['x-api-key', SANDBOX_KEY],
    body: '{}',
    deadlineAt: performance.now() + 5000,
    abandoned: () => false,
    waitSeconds: () => 0,
    containsKey: () => false,
    classify: response => response,
    isProven: () => true,
    ...more
  }
}

test('requests wait for a connection in their order, and no more connections are made than allowed', async () => {
  const transport = transportOf({ connections: 2 })
  const answers = await Promise.all(Array.from({ length: 20 }, () => transport.send(request())))
  expect(answers.map(({ kind }) => kind)).toEqual(Array(20).fill('answer'))
  expect(sandbox.counters()).toMatchObject({ connections_accepted: 2, requests: 20 })
})

test('the transport has room for so many calls and no more, and again when one is over', () => {
  const transport = transportOf({ capacity: 3 })
  expect([1, 2, 3, 4].map(() => transport.capacity.tryAcquire(1))).toEqual([true, true, true, false])
  transport.capacity.release(1)
  expect([transport.capacity.tryAcquire(1), transport.capacity.tryAcquire(1)]).toEqual([true, false])
})

test('a deadline that passes in the queue ends a request that was never sent', async () => {
  const transport = transportOf({ connections: 1 })
  sandbox.faults.set({ fault: 'delay-before-headers', options: { wait_ms: 90 } })
  const first = transport.send(request())
  const second = await transport.send(request({ deadlineAt: performance.now() + 30 }))
  expect(second).toMatchObject({ kind: 'failure', sent: false, error: { code: 'DEADLINE_PASSED' } })
  expect(await first).toMatchObject({ kind: 'answer' })
  expect(await transport.send(request())).toMatchObject({ kind: 'answer' })
  expect(sandbox.requests()).toHaveLength(2)
})

test('a deadline that passes on the wire ends the request as sent, and frees its connection', async () => {
  const transport = transportOf({ connections: 1 })
  sandbox.faults.set({ fault: 'silent' })
  expect(await transport.send(request({ deadlineAt: performance.now() + 40 }))).toMatchObject({
    kind: 'failure',
    sent: true,
    error: { code: 'DEADLINE_PASSED' }
  })
  expect(await transport.send(request())).toMatchObject({ kind: 'answer', status: 200 })
})

test('an answer that comes after the deadline answers no other call', async () => {
  const transport = transportOf({ connections: 1 })
  sandbox.faults.set({ fault: 'delay-before-headers', options: { wait_ms: 400 } })
  const late = await transport.send(request({ deadlineAt: performance.now() + 300 }))
  expect(late.kind).toBe('failure')
  const answers = await Promise.all([transport.send(request()), transport.send(request())])
  expect(answers.map(({ kind }) => kind)).toEqual(['answer', 'answer'])
  expect(sandbox.requests()).toHaveLength(3)
})

test('a kept connection that the upstream closed or spoilt while idle makes no call be sent twice', async () => {
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

test('a request that waits for a connection does not get bytes that came behind the answer before it', async () => {
  const upstream = await rawUpstream({
    request: (one, socket) => {
      socket.write(acceptedAnswer(connectorOf(one)))
      socket.write(acceptedAnswer('b', 'stray'))
    }
  })
  const transport = new Transport({ origin: upstream.origin, connections: 1 })
  open.push(transport)
  try {
    const both = ['a', 'b'].map(id =>
      transport.send(
        request({
          path: `/contents/v1/connectors/${id}/sync`,
          isProven: answer =>
            answer.kind === 'answer' && answer.status === 200 && answer.body.includes(`"${id}"`)
        })
      )
    )
    for (const exchange of await Promise.all(both)) {
      expect(exchange).toMatchObject({ kind: 'answer', status: 200 })
      expect(exchange).not.toMatchObject({ body: expect.stringContaining('stray') })
    }
    expect(upstream.requests.map(({ connection }) => connection)).toEqual([1, 2])
  } finally {
    await upstream.close()
  }
})

test('the idle connection that was used last is used next', async () => {
  const upstream = await rawUpstream({
    request: (one, socket) => void socket.write(acceptedAnswer(connectorOf(one)))
  })
  const transport = new Transport({ origin: upstream.origin })
  open.push(transport)
  try {
    await Promise.all([transport.send(request()), transport.send(request()), transport.send(request())])
    for (let call = 0; call < 5; call++) {
      // A connection rests until the turn of its answer is over.
      await setImmediate()
      await transport.send(request())
    }
    expect(new Set(upstream.requests.slice(3).map(({ connection }) => connection)).size).toBe(1)
    expect(upstream.connections()).toBe(3)
  } finally {
    await upstream.close()
  }
})

test('requests that wait when the transport closes, and later ones, fail as not sent', async () => {
  const transport = transportOf({ connections: 1 })
  sandbox.faults.set({ fault: 'silent' })
  const sends = [transport.send(request()), transport.send(request())]
  await expect.poll(() => sandbox.requests().length, { interval: 5 }).toBe(1)
  await transport.close()
  sends.push(transport.send(request()))
  const sent = (await Promise.all(sends)).map(exchange => exchange.kind === 'failure' && exchange.sent)
  expect(sent).toEqual([true, false, false])
})
