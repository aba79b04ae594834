import { expect, test } from 'vitest'
import { Scenario } from '../support/scenario.ts'

// The first process of a container has no default for SIGTERM: one that came during the start was lost.
test('a signal that comes during the start drains the gateway as soon as it is up', async () => {
  const scenario = await Scenario.start()
  try {
    const process = scenario.launch({ GATEWAY_LOG_LEVEL: 'debug' })
    await process.logged(({ msg }) => msg === 'starting')
    process.signal('SIGTERM')
    expect(await process.exited).toEqual({ code: 0, signal: null })
    expect(scenario.ledger.entries().at(-1)?.kind).toBe('writer.closed')
  } finally {
    await scenario.close()
  }
})
