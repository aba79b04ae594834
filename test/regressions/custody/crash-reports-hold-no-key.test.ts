import { expect, test } from 'vitest'
import { scanForCanary } from '../../support/checker/canary.ts'
import { ScenarioClient } from '../../support/scenario/client.ts'
import { canaryKey, Scenario } from '../../support/scenario/scenario.ts'
import { filesBelow } from '../../support/scenario/sinks.ts'
import { eventually } from '../../support/scenario/wait.ts'

// Node's diagnostic reports list all environment variables, and a key may be given as one (`env:NAME`).
test('a diagnostic report that the operator has asked for does not hold the upstream key', async () => {
  const scenario = await Scenario.start()
  try {
    const { key } = await scenario.addTenant('acme')
    const { process, port } = await scenario.startGateway({
      NODE_OPTIONS: '--report-on-signal --report-signal=SIGUSR2'
    })
    // The thread that reads the ledger starts with the first history: its part of the report had the environment too.
    const client = new ScenarioClient(port)
    const { connectorId } = scenario.nextSync(key)
    const history = { method: 'GET', path: `/connectors/${connectorId}/syncs`, key, connectorId, body: '' }
    expect((await client.send(history)).status).toBe(200)
    client.close()
    process.signal('SIGUSR2')
    const report = await eventually('a whole report', () => {
      const found = filesBelow(scenario.folder).find(({ name }) => name.startsWith('report.'))
      return found && JSON.parse(found.content.toString()) && found
    })
    expect(scanForCanary(canaryKey, [report])).toEqual([])
  } finally {
    await scenario.close()
  }
})

// The same test of --inspect is in test/scenarios/key-sources.test.ts.
test('a heap snapshot, which would hold the keys, is not written at a signal', async () => {
  const scenario = await Scenario.start()
  try {
    const { process } = await scenario.startGateway({ NODE_OPTIONS: '--heapsnapshot-signal=SIGUSR2' })
    process.signal('SIGUSR2')
    await process.logged(({ reason }) => /a heap snapshot would hold keys/.test(String(reason)))
    process.signal('SIGTERM')
    expect(await process.exited).toEqual({ code: 0, signal: null })
    expect(filesBelow(scenario.folder).filter(({ name }) => name.endsWith('.heapsnapshot'))).toEqual([])
  } finally {
    await scenario.close()
  }
})
