import { expect, test } from 'vitest'
import { expectProblem } from '../support/http/expect-problem.ts'
import { type RawConnection, rawConnection } from '../support/http/raw-connection.ts'
import { type ClientCall, ScenarioClient } from '../support/scenario/client.ts'
import { load } from '../support/scenario/load.ts'
import { Scenario } from '../support/scenario/scenario.ts'
import { eventually, within } from '../support/scenario/wait.ts'

/** A gateway, and a call that the upstream has received and takes its time to answer. */
async function withSlowCall(waitMs: number) {
  const scenario = await Scenario.start()
  const { key } = await scenario.addTenant('acme')
  const gateway = await scenario.startGateway()
  scenario.sandbox.faults.add({ fault: 'delay-before-headers', options: { wait_ms: waitMs }, times: 1 })
  const client = new ScenarioClient(gateway.port)
  const slow = client.send(scenario.nextSync(key))
  void slow.then(call => scenario.calls.push(call))
  await eventually('the upstream has the slow call', () => scenario.sandbox.requests().length === 1)
  return { scenario, key, gateway, slow, client }
}

const codeOf = ({ body }: ClientCall) => (JSON.parse(body) as { code?: string }).code

test('SIGTERM under load: every accepted request is answered, later ones are refused cleanly, and the process ends with 0', async () => {
  const { scenario, key, gateway, slow, client } = await withSlowCall(1200)
  try {
    const { process, port } = gateway
    scenario.sandbox.faults.add({
      fault: 'delay-before-headers',
      options: { wait_ms: 40 },
      probability: 0.5
    })
    const goOn = () => process.ended === null
    let signalledAtMs = Number.POSITIVE_INFINITY
    const loaded = load(scenario, {
      port,
      keys: [key],
      clients: 16,
      goOn,
      onCall() {
        if (scenario.calls.length !== 150) return
        signalledAtMs = Date.now()
        process.signal('SIGTERM')
      }
    })
    expect(await within('the end of the drain', 10_000, process.exited)).toEqual({ code: 0, signal: null })
    await loaded

    expect(await slow).toMatchObject({ status: 200 })
    const unanswered = scenario.calls.filter(call => call.error !== undefined)
    expect(unanswered.filter(call => call.sentAtMs < signalledAtMs)).toEqual([])
    expect(unanswered.filter(call => !call.unanswered)).toEqual([])
    const recorded = markersOf(scenario)
    expect(unanswered.filter(call => recorded.has(call.dateLimit))).toEqual([])
    const refused = scenario.calls.filter(call => call.status !== undefined && call.status !== 200)
    expect(new Set(refused.map(codeOf))).toEqual(new Set(refused.length > 0 ? ['shutting_down'] : []))
    expect(refused.filter(call => recorded.has(call.dateLimit))).toEqual([])
    expect(scenario.check()).toEqual([])
    const last = scenario.ledger.entries().at(-1)
    expect(last).toMatchObject({ kind: 'writer.closed', writer: gateway.writer })
    expect(await scenario.run('ledger', 'verify')).toMatchObject({ code: 0, stderr: '' })
  } finally {
    client.close()
    await scenario.close()
  }
})

/** What the recorded calls asked for. */
function markersOf(scenario: Scenario): Set<string | undefined> {
  const asked = scenario.ledger.entries().filter(({ kind }) => kind === 'call.intent')
  return new Set(asked.map(({ request }) => (request as { date_limit?: string }).date_limit))
}

/** A connection on which one request was answered and half of the next has been read. */
async function halfRequest(port: number, line: string): Promise<RawConnection> {
  const connection = await rawConnection(port)
  // In one piece: once the first is answered, the beginning of the second has been read too.
  connection.write(`GET /livez HTTP/1.1\r\nHost: gateway\r\n\r\n${line} HTTP/1.1\r\nHost: gateway\r\n`)
  expect(await connection.answers(1)).toMatchObject([{ status: 200 }])
  return connection
}

test('while it drains, requests that were half read are refused as shutting_down and nothing goes upstream', async () => {
  const { scenario, key, gateway, slow, client } = await withSlowCall(2500)
  try {
    const { connectorId } = scenario.nextSync(key)
    const sync = await halfRequest(gateway.port, `POST /connectors/${connectorId}/sync`)
    const readiness = await halfRequest(gateway.adminPort, 'GET /readyz')
    gateway.process.signal('SIGTERM')
    await gateway.process.logged(({ msg }) => msg === 'draining')
    sync.write(`Authorization: Bearer ${key}\r\nContent-Length: 2\r\n\r\n{}`)
    readiness.write('\r\n')
    expectProblem((await sync.ended)[1], 'shutting_down', { retryAfter: 1 })
    expectProblem((await readiness.ended)[1], 'shutting_down')
    expect(await slow).toMatchObject({ status: 200 })
    expect(await within('the end of the drain', 5_000, gateway.process.exited)).toMatchObject({ code: 0 })
    expect(scenario.sandbox.requests()).toHaveLength(1)
  } finally {
    client.close()
    await scenario.close()
  }
})

test('a second SIGTERM ends the process at once, and the next start closes what it left open', async () => {
  const { scenario, gateway, slow, client } = await withSlowCall(20_000)
  try {
    gateway.process.signal('SIGTERM')
    await gateway.process.logged(({ msg }) => msg === 'draining')
    gateway.process.signal('SIGTERM')
    expect(await within('the end after a second signal', 2_000, gateway.process.exited)).toMatchObject({
      code: 1
    })
    expect((await slow).unanswered).toBe(true)

    const next = await scenario.startGateway()
    expect(scenario.check()).toEqual([])
    const unknown = scenario.ledger.entries().filter(({ code }) => code === 'outcome_unknown')
    expect(unknown).toMatchObject([{ kind: 'call.outcome', writer: next.writer }])
    expect(scenario.sandbox.requests()).toHaveLength(1)
  } finally {
    client.close()
    await scenario.close()
  }
})
