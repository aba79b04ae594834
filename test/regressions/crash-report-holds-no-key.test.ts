import { expect, test } from 'vitest'
import { scanForCanary } from '../support/checker-canary.ts'
import { canaryKey, Scenario } from '../support/scenario.ts'
import { filesBelow } from '../support/scenario-sinks.ts'
import { eventually } from '../support/scenario-wait.ts'

// Node's diagnostic reports list all environment variables, and a key may be given as one (`env:NAME`).
test('a diagnostic report that the operator has asked for does not hold the upstream key', async () => {
  const scenario = await Scenario.start()
  try {
    const { process } = await scenario.startGateway({
      NODE_OPTIONS: '--report-on-signal --report-signal=SIGUSR2'
    })
    process.signal('SIGUSR2')
    const report = await eventually('a whole report', () => {
      const found = filesBelow(scenario.folder).find(({ name }) => name.startsWith('report.'))
      return found && JSON.parse(found.content.toString()) && found
    })
    expect(scanForCanary(canaryKey, [report])).toEqual([])
  } finally {
    await scenario.close()
  }
}, 30_000)
