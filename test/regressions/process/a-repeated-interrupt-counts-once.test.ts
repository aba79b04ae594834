import { expect, test } from 'vitest'
import { Scenario } from '../../support/scenario/scenario.ts'

// Where npm's shell replaces itself by the program, a Ctrl-C comes from the terminal and once more from npm, within a
// millisecond or two. It was taken for a second one, and the drain was cut off.
test('an interrupt that comes twice at once is one interrupt: the gateway drains and ends with 0', async () => {
  const scenario = await Scenario.start()
  try {
    const { process, writer } = await scenario.startGateway()
    process.signal('SIGINT')
    process.signal('SIGINT')
    expect(await process.exited).toEqual({ code: 0, signal: null })
    const kinds = scenario.ledger.entries().filter(entry => entry.writer === writer)
    expect(kinds.at(-1)?.kind).toBe('writer.closed')
  } finally {
    await scenario.close()
  }
})
