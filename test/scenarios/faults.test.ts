import { expect, test } from 'vitest'
import type { FaultRule } from '../../src/sandbox/fault-rule.ts'
import { type FaultName, faults } from '../../src/sandbox/faults.ts'
import { resent } from '../support/scenario/crash.ts'
import { abandonCalls, load, times } from '../support/scenario/load.ts'
import { Scenario } from '../support/scenario/scenario.ts'
import { filesBelow } from '../support/scenario/sinks.ts'

/** Options that make the fault worth meeting within the deadline of this scenario; the defaults do for the others. */
const options: Partial<Record<FaultName, readonly object[]>> = {
  'content-error': [{ status: 500 }, { status: 503 }, { status: 404 }, { status: 401 }, { status: 299 }],
  'firewall-page': [{ status: 401 }, { status: 403 }],
  'empty-answer': [{ status: 502 }, { status: 200 }, { status: 204 }, { status: 429 }],
  'rate-limited': [{ retry_after: 'none' }, { retry_after: 'seconds' }, { retry_after: 'date' }],
  redirect: [{ status: 301 }, { status: 307 }],
  'delay-before-headers': [{ wait_ms: 30 }, { wait_ms: 2000 }],
  'delay-before-body': [{ wait_ms: 30 }, { wait_ms: 2000 }],
  drip: [
    { from: 'head', every_ms: 1 },
    { from: 'body', every_ms: 20 }
  ],
  oversize: [{ framing: 'length' }, { framing: 'chunked' }, { framing: 'close' }],
  'informational-flood': [{ count: 50 }],
  'unsolicited-answer': [{ wait_ms: 0 }, { wait_ms: 20 }],
  'close-when-idle': [{ how: 'finish' }, { how: 'reset' }],
  'key-echo': [{}, { error_status: 401 }]
}

/** Every fault of the sandbox, in each of its variants, about as often as the others. */
function everyFault(): FaultRule[] {
  return (Object.keys(faults) as FaultName[]).flatMap(fault =>
    (options[fault] ?? [{}]).map(chosen => ({ fault, options: chosen, probability: 0.02 }) as FaultRule)
  )
}

test('every failure of the upstream under load is one problem, recorded before and after, and never sent again', async () => {
  const scenario = await Scenario.start({ env: { GATEWAY_UPSTREAM_DEADLINE_MS: '700' } })
  try {
    const keys = [(await scenario.addTenant('acme')).key, (await scenario.addTenant('globex')).key]
    const { port, process } = await scenario.startGateway()
    scenario.sandbox.faults.add(...everyFault())
    const abandoned = abandonCalls(scenario, { port, key: keys[0] ?? '', count: 80 })
    await load(scenario, {
      port,
      keys,
      clients: 24,
      goOn: times(900),
      onCall() {
        if (scenario.random.integer(40) === 0) scenario.sandbox.disturbIdle('unsolicited')
        if (scenario.random.integer(40) === 0) scenario.sandbox.disturbIdle('reset')
      }
    })
    await abandoned
    process.signal('SIGTERM')
    expect(await process.exited).toEqual({ code: 0, signal: null })

    expect(scenario.check({ sinks: filesBelow(scenario.folder) })).toEqual([])
    expect(resent(scenario)).toEqual([])
    expect(scenario.calls).toHaveLength(900)
    expect(scenario.sandbox.requests().length).toBeGreaterThan(500)
    // A caller is never left without an answer, whatever the upstream does.
    expect(scenario.calls.filter(call => call.error !== undefined)).toEqual([])
    const statuses = new Set(scenario.calls.map(call => call.status))
    expect([...statuses]).toEqual(expect.arrayContaining([200, 502, 503, 504]))
    expect(await scenario.run('ledger', 'verify')).toMatchObject({ code: 0 })
  } finally {
    await scenario.close()
  }
})
