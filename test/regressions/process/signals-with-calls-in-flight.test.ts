import { expect, test } from 'vitest'
import { ScenarioClient } from '../../support/scenario/client.ts'
import { Scenario } from '../../support/scenario/scenario.ts'
import { eventually, within } from '../../support/scenario/wait.ts'

// Each of these signals ended the process at once, with the calls that were in flight.
test('SIGHUP and SIGUSR2 leave the gateway at work, and SIGQUIT drains it: the call in flight is answered', async () => {
  const scenario = await Scenario.start()
  const { key } = await scenario.addTenant('acme')
  const { process, port, writer } = await scenario.startGateway()
  const client = new ScenarioClient(port)
  try {
    scenario.sandbox.faults.add({ fault: 'delay-before-headers', options: { wait_ms: 1500 }, times: 1 })
    const slow = client.send(scenario.nextSync(key))
    void slow.then(call => scenario.calls.push(call))
    await eventually('the upstream has the call', () => scenario.sandbox.requests().length === 1)

    process.signal('SIGHUP')
    expect(await process.logged(({ signal }) => signal === 'SIGHUP')).toMatchObject({ commands: 0 })
    process.signal('SIGUSR2')
    await process.logged(({ signal, event }) => signal === 'SIGUSR2' && event === 'process.signal_ignored')
    process.signal('SIGQUIT')
    expect(await within('the end of the drain', 6_000, process.exited)).toEqual({ code: 0, signal: null })
    expect(await slow).toMatchObject({ status: 200 })
    expect(scenario.ledger.entries().at(-1)).toMatchObject({ kind: 'writer.closed', writer })
    expect(scenario.check()).toEqual([])
  } finally {
    client.close()
    await scenario.close()
  }
})
