import { expect, test } from 'vitest'
import { type ClientCall, ScenarioClient } from '../support/scenario/client.ts'
import { Scenario } from '../support/scenario/scenario.ts'
import { holdWriteLock } from '../support/scenario/store-lock.ts'
import { eventually, within } from '../support/scenario/wait.ts'

const problemOf = ({ body }: ClientCall) => JSON.parse(body) as { code?: string; forwarded?: string }

/** A gateway that drains while a call is in flight, and the store takes nothing. */
async function drainingOnLockedStore() {
  const scenario = await Scenario.start({ env: { GATEWAY_UPSTREAM_DEADLINE_MS: '1000' } })
  const { key } = await scenario.addTenant('acme')
  const { process, port } = await scenario.startGateway()
  scenario.sandbox.faults.add({ fault: 'delay-before-headers', options: { wait_ms: 500 } })
  const client = new ScenarioClient(port)
  const answer = client.send(scenario.nextSync(key))
  await eventually('the upstream has the call', () => scenario.sandbox.requests().length === 1)
  const lock = holdWriteLock(scenario.storePath)
  process.signal('SIGTERM')
  const call = await answer
  scenario.calls.push(call)
  // The upstream has answered, but its answer cannot be recorded: the caller must not get it as if it were.
  expect(problemOf(call)).toMatchObject({ code: 'ledger_unavailable', forwarded: 'yes' })
  return {
    scenario,
    process,
    lock,
    async close() {
      client.close()
      lock.release()
      await scenario.close()
    }
  }
}

const outcomeCodes = (scenario: Scenario) =>
  scenario.ledger.entries().flatMap(({ kind, code }) => (kind === 'call.outcome' ? [code] : []))

test('an outcome that could not be recorded in time is recorded before the drain ends', async () => {
  const { scenario, process, lock, close } = await drainingOnLockedStore()
  try {
    lock.release()
    expect(await within('the end of the drain', 6_000, process.exited)).toEqual({ code: 0, signal: null })
    expect(outcomeCodes(scenario)).toEqual(['accepted'])
    expect(scenario.check()).toEqual([])
  } finally {
    await close()
  }
})

test('a store that stays locked does not keep the process from ending, and the next start closes the call', async () => {
  const { scenario, process, lock, close } = await drainingOnLockedStore()
  try {
    // The bound is the upstream deadline and 8 s.
    expect(await within('the end within the bound', 12_000, process.exited)).toMatchObject({ code: 1 })
    lock.release()
    await scenario.startGateway()
    expect(outcomeCodes(scenario)).toEqual(['outcome_unknown'])
    expect(scenario.check()).toEqual([])
    expect(scenario.sandbox.requests()).toHaveLength(1)
  } finally {
    await close()
  }
})
