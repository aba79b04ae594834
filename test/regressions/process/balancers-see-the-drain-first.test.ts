import { expect } from 'vitest'
import { test } from '../../support/fixtures/test.ts'
import type { TestGateway } from '../../support/fixtures/test-gateway.ts'
import { expectProblem } from '../../support/http/expect-problem.ts'
import { header } from '../../support/http/http-answer.ts'
import { rawConnection, rawRequest } from '../../support/http/raw-connection.ts'
import { requestBytes, syncBytes } from '../../support/http/request-bytes.ts'
import { ScenarioClient } from '../../support/scenario/client.ts'
import { Scenario } from '../../support/scenario/scenario.ts'
import { eventually } from '../../support/scenario/wait.ts'

const readyz = requestBytes({ method: 'GET', target: '/readyz' })

function syncOf({ key, connectors }: TestGateway): Buffer {
  return syncBytes(
    { key, connectorId: connectors.investment_research },
    { body: '{"date_limit":"2026-01-01"}' }
  )
}

// Both listeners closed at once: a balancer saw connections refused, and never the answer that was made for it.
test('until the last call has been answered, the admin listener says that the process drains', async ({
  startGateway
}) => {
  const gateway = await startGateway()
  gateway.sandbox.faults.add({ fault: 'delay-before-headers', options: { wait_ms: 1000 }, times: 1 })
  const slow = rawRequest(gateway.port, syncOf(gateway))
  await eventually('the upstream has the call', () => gateway.sandbox.requests().length === 1)
  const stopped = gateway.stop()
  for (let asked = 0; asked < 3; asked++) {
    const [ready] = await rawRequest(gateway.adminPort, readyz)
    expectProblem(ready, 'shutting_down')
    expect(ready && header(ready, 'connection')).toBe('close')
  }
  const [live] = await rawRequest(gateway.adminPort, requestBytes({ method: 'GET', target: '/livez' }))
  expect(live?.status).toBe(200)
  const [other] = await rawRequest(
    gateway.adminPort,
    requestBytes({ method: 'GET', target: '/admin/tenants' })
  )
  expectProblem(other, 'shutting_down', { retryAfter: 1 })
  await expect(rawRequest(gateway.port, readyz)).rejects.toThrow(/ECONNREFUSED/)
  expect(await slow).toMatchObject([{ status: 200 }])
  await stopped
  await expect(rawRequest(gateway.adminPort, readyz)).rejects.toThrow(/ECONNREFUSED/)
})

test('after a drain is announced calls are served, each answer closes its connection, and both listeners are unready', async ({
  startGateway
}) => {
  const gateway = await startGateway()
  const open = await rawConnection(gateway.port)
  open.write(readyz)
  expect(await open.answers(1)).toMatchObject([{ status: 200 }])
  gateway.running.announceDrain()

  for (const port of [gateway.port, gateway.adminPort]) {
    const [ready] = await rawRequest(port, readyz)
    expectProblem(ready, 'shutting_down')
  }
  open.write(syncOf(gateway))
  const [, kept] = await open.ended
  const [fresh] = await rawRequest(gateway.port, syncOf(gateway))
  const [unknown] = await rawRequest(gateway.port, requestBytes({ method: 'GET', target: '/nowhere' }))
  const [badUrl] = await rawRequest(gateway.port, requestBytes({ method: 'GET', target: '/%zz' }))
  const [page] = await rawRequest(gateway.port, requestBytes({ method: 'GET', target: '/problems' }))
  const answers = [kept, fresh, unknown, badUrl, page]
  expect(answers.map(answer => answer?.status)).toEqual([200, 200, 404, 400, 200])
  expect(answers.map(answer => answer && header(answer, 'connection'))).toEqual(answers.map(() => 'close'))
})

// Its answer said that the connection would be kept, and 50 ms later it was closed: the next call on it was lost.
test.for([
  ['is announced', ({ running }: TestGateway): void => running.announceDrain()],
  ['has come', ({ stop }: TestGateway): void => void stop()]
] as const)(
  'the answer to a call that was under way when the end %s closes its connection too',
  async ([_when, end], { startGateway }) => {
    const gateway = await startGateway()
    gateway.sandbox.faults.add({ fault: 'delay-before-headers', options: { wait_ms: 300 }, times: 1 })
    const connection = await rawConnection(gateway.port)
    connection.write(syncOf(gateway))
    await eventually('the upstream has the call', () => gateway.sandbox.requests().length === 1)
    end(gateway)
    const [answer] = await connection.ended
    expect(answer?.status).toBe(200)
    expect(answer && header(answer, 'connection')).toBe('close')
  }
)

test('after a drain is announced the first of several requests sent together is served, and the others are not begun', async ({
  startGateway
}) => {
  const gateway = await startGateway()
  gateway.running.announceDrain()
  const connection = await rawConnection(gateway.port)
  connection.write(Buffer.concat([syncOf(gateway), syncOf(gateway)]))
  expect(await connection.ended).toMatchObject([{ status: 200 }])
  await gateway.stop()
  expect(gateway.sandbox.requests()).toHaveLength(1)
  expect(gateway.entries().filter(({ kind }) => kind === 'call.intent')).toHaveLength(1)
})

test('with a delay SIGTERM is followed by service, a second one by the drain, and a third by the end', async () => {
  const scenario = await Scenario.start({ env: { GATEWAY_DRAIN_DELAY_MS: '300000' } })
  const { key } = await scenario.addTenant('acme')
  const { process, port } = await scenario.startGateway()
  const client = new ScenarioClient(port)
  try {
    process.signal('SIGTERM')
    await process.logged(({ signal, delay_ms }) => signal === 'SIGTERM' && delay_ms === 300_000)
    expect(await client.send(scenario.nextSync(key))).toMatchObject({ status: 200 })
    scenario.sandbox.faults.add({ fault: 'delay-before-headers', options: { wait_ms: 20_000 }, times: 1 })
    const slow = client.send(scenario.nextSync(key))
    await eventually('the upstream has the call', () => scenario.sandbox.requests().length === 2)
    process.signal('SIGTERM')
    await process.logged(({ msg }) => msg === 'draining')
    expect(process.ended).toBeNull()
    // One that comes too soon behind the one before is the same signal, heard twice.
    const endAgain = () => {
      process.signal('SIGTERM')
      return process.ended
    }
    expect(await eventually('the end', endAgain, { everyMs: 100 })).toEqual({ code: 1, signal: null })
    expect((await slow).unanswered).toBe(true)
  } finally {
    client.close()
    await scenario.close()
  }
})
