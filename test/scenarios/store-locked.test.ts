import { expect, test } from 'vitest'
import { onThisMachine } from '../support/run/bounds.ts'
import { type ClientCall, ScenarioClient } from '../support/scenario/client.ts'
import { Scenario } from '../support/scenario/scenario.ts'
import { holdWriteLock } from '../support/scenario/store-lock.ts'
import { eventually } from '../support/scenario/wait.ts'

/** The bound of a wait is 2 s; the rest is for a busy machine. */
const boundMs = 2_000
const slackMs = 1_000

const problemOf = ({ body }: ClientCall) => JSON.parse(body) as { code?: string; forwarded?: string }

const outcomesOf = (scenario: Scenario, wanted: string) =>
  scenario.ledger.entries().filter(({ kind, code }) => kind === 'call.outcome' && code === wanted)

const dayOf = ({ request }: Record<string, unknown>) => (request as { date_limit?: string }).date_limit

async function withLockedStore() {
  const scenario = await Scenario.start()
  const { key } = await scenario.addTenant('acme')
  const gateway = await scenario.startGateway()
  const clients = Array.from({ length: 4 }, () => new ScenarioClient(gateway.port))
  const health = new ScenarioClient(gateway.port)
  const callAll = async () => {
    const calls = await Promise.all(clients.map(client => client.send(scenario.nextSync(key))))
    scenario.calls.push(...calls)
    return calls
  }
  const readiness = async () =>
    await health.send({ method: 'GET', path: '/readyz', key, connectorId: '', body: '' })
  expect((await callAll()).map(call => call.status)).toEqual([200, 200, 200, 200])
  const lock = holdWriteLock(scenario.storePath)
  return {
    scenario,
    gateway,
    lock,
    callAll,
    readiness,
    async close() {
      lock.release()
      for (const client of [...clients, health]) client.close()
      await scenario.close()
    }
  }
}

function expectRefused(calls: readonly ClientCall[]): void {
  for (const call of calls) {
    expect(problemOf(call)).toMatchObject({ code: 'ledger_unavailable', forwarded: 'no' })
    expect(call.status).toBe(503)
    expect(call.endedAtMs - call.sentAtMs).toBeLessThan(onThisMachine(boundMs + slackMs))
  }
}

test('while the store is locked calls are refused within the bound and nothing is forwarded; then all is well again', async () => {
  const { scenario, gateway, lock, callAll, readiness, close } = await withLockedStore()
  try {
    expectRefused(await callAll())
    expect(problemOf(await readiness())).toMatchObject({ code: 'ledger_unavailable' })
    // Calls that come once the first batch has failed are on their way to the store when their wait ends.
    const late = await eventually('calls that wait to the bound', async () => {
      const calls = await callAll()
      expectRefused(calls)
      return calls.every(call => call.endedAtMs - call.sentAtMs > boundMs / 2) && calls
    })
    lock.release()
    const releasedAtMs = Date.now()
    await eventually('the late intents are stored and closed', () => {
      const closed = new Set(outcomesOf(scenario, 'ledger_unavailable').map(dayOf))
      return late.every(call => closed.has(call.dateLimit))
    })
    await eventually('it is ready again', async () => (await readiness()).status === 200)
    console.log(`ready again ${Date.now() - releasedAtMs} ms after the lock was released`)
    expect((await callAll()).map(call => call.status)).toEqual([200, 200, 200, 200])
    gateway.process.signal('SIGTERM')
    expect(await gateway.process.exited).toMatchObject({ code: 0 })
    expect(scenario.check()).toEqual([])
    expect(scenario.sandbox.requests()).toHaveLength(8)
  } finally {
    await close()
  }
})

test('it is ready again by itself, although no call comes', async () => {
  const { lock, callAll, readiness, close } = await withLockedStore()
  try {
    expectRefused(await callAll())
    expect((await readiness()).status).toBe(503)
    lock.release()
    await eventually('it is ready again', async () => (await readiness()).status === 200)
  } finally {
    await close()
  }
})
