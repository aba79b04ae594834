import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Scenario } from '../support/scenario.ts'
import { load, times } from '../support/scenario-load.ts'
import { eventually } from '../support/scenario-wait.ts'

const openFiles = (pid: number) => readdirSync(`/proc/${pid}/fd`).length
const residentKiB = (pid: number) =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])

test.skipIf(!existsSync('/proc/self/fd'))(
  'sockets and memory return to their baseline after bursts of calls, also of those that fail',
  async () => {
    const scenario = await Scenario.start({ env: { GATEWAY_UPSTREAM_DEADLINE_MS: '300' } })
    try {
      const keys = [(await scenario.addTenant('acme')).key, 'cgw_nobody']
      const { port, process } = await scenario.startGateway()
      const baseline = openFiles(process.pid)
      scenario.sandbox.faults.add(
        { fault: 'silent', probability: 0.05 },
        { fault: 'reset-in-body', probability: 0.05 },
        { fault: 'oversize', probability: 0.05 },
        { fault: 'reset-before-read', probability: 0.05 }
      )
      let most = 0
      // Looked at with each answer, when all the other clients still wait for theirs: a timer may miss the moment.
      const onCall = () => {
        most = Math.max(most, openFiles(process.pid))
      }
      const burst = async () => await load(scenario, { port, keys, clients: 150, goOn: times(1200), onCall })
      await burst()
      // Not all 150 at one instant: some have ended before others begin.
      expect(most).toBeGreaterThan(baseline + 50)
      const afterOne = residentKiB(process.pid)
      await burst()
      // Idle connections to the upstream are closed some seconds after their last use.
      await eventually('the sockets are closed', () => openFiles(process.pid) <= baseline, {
        withinMs: 15_000,
        everyMs: 100
      })
      expect(residentKiB(process.pid) - afterOne).toBeLessThan(48 * 1024)
    } finally {
      await scenario.close()
    }
  },
  60_000
)
