import { expect, test } from 'vitest'
import { resent } from '../support/scenario/crash.ts'
import { load, times } from '../support/scenario/load.ts'
import { runProgram } from '../support/scenario/process.ts'
import { Scenario } from '../support/scenario/scenario.ts'
import { eventually } from '../support/scenario/wait.ts'

test('two gateways and the command line share one store: a killed one is recovered, the living one is left alone', async () => {
  const scenario = await Scenario.start()
  try {
    const { key } = await scenario.addTenant('acme')
    const [doomed, living] = await Promise.all([scenario.startGateway(), scenario.startGateway()])
    const slowUpstream = (waitMs: number) =>
      scenario.sandbox.faults.set({
        fault: 'delay-before-headers',
        options: { wait_ms: waitMs },
        probability: 1
      })
    slowUpstream(60)
    let stop = false
    const clients = { keys: [key], clients: 8, goOn: () => !stop }
    const loads = [
      load(scenario, { ...clients, port: doomed.port }),
      load(scenario, { ...clients, port: living.port })
    ]
    const changes = (async () => {
      for (let count = 1; !stop; count++)
        expect(await runProgram(['tenant', 'create', `other-${count}`], scenario)).toMatchObject({ code: 0 })
    })()
    await eventually('calls by both', () => scenario.calls.length > 100, { withinMs: 15_000 })
    // Every client's call waits for the upstream: the process that is killed leaves all of its own open, for certain.
    slowUpstream(3000)
    const countOf = (wanted: string) =>
      scenario.ledger.entries().filter(({ kind, writer }) => kind === wanted && writer === doomed.writer)
        .length
    // Seen three times in a row: calls from before the upstream became slow have ended by then.
    let seen = 0
    const allWait = () => {
      seen = countOf('call.intent') - countOf('call.outcome') === clients.clients ? seen + 1 : 0
      return seen === 3
    }
    await eventually('all calls wait', allWait, { everyMs: 100 })
    await doomed.process.kill()
    slowUpstream(60)
    const third = await scenario.startGateway()
    await load(scenario, { port: third.port, keys: [key], clients: 4, goOn: times(40) })
    stop = true
    await Promise.all([...loads, changes])
    for (const { process } of [living, third]) {
      process.signal('SIGTERM')
      expect(await process.exited).toEqual({ code: 0, signal: null })
    }

    expect(scenario.check()).toEqual([])
    expect(resent(scenario)).toEqual([])
    const entries = scenario.ledger.entries()
    const recovered = entries.filter(({ kind }) => kind === 'writer.recovered')
    expect(recovered).toMatchObject([{ writer: third.writer, recovered: doomed.writer }])
    const unknown = entries.filter(({ code }) => code === 'outcome_unknown')
    expect(unknown).toHaveLength(clients.clients)
    expect(recovered[0]?.['open_calls']).toBe(clients.clients)
    expect(new Set(unknown.map(({ writer }) => writer))).toEqual(new Set([third.writer]))
    expect(await scenario.run('ledger', 'verify')).toMatchObject({ code: 0, stderr: '' })
  } finally {
    await scenario.close()
  }
})
