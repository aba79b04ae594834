import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ScenarioProcess } from '../../support/scenario/process.ts'
import { Scenario } from '../../support/scenario/scenario.ts'

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

/** Run before the program: it gets SIGHUP when its own first module is loaded, which is long before it listens. */
const hangUpAtFirstModule = `
  import { registerHooks } from 'node:module'
  registerHooks({
    load(url, context, next) {
      if (/cli\\/main\\.[jt]s$/.test(url)) process.kill(process.pid, 'SIGHUP')
      return next(url, context)
    }
  })
`

// A reload right behind the start of a service ended it.
test('SIGHUP while the program is still being loaded does not end the gateway', async () => {
  const scenario = await Scenario.start()
  const program = join(import.meta.dirname, '..', '..', '..', 'bin', 'connector-gateway.js')
  const hook = `data:text/javascript,${encodeURIComponent(hangUpAtFirstModule)}`
  const started = ScenarioProcess.start(['--import', hook, program, 'serve'], {
    env: scenario.env,
    folder: scenario.folder,
    name: 'hung-up'
  })
  scenario.processes.push(started)
  try {
    await scenario.ready(started)
    started.signal('SIGTERM')
    expect(await started.exited).toEqual({ code: 0, signal: null })
  } finally {
    await scenario.close()
  }
})
