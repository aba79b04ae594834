import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { load, times } from '../support/scenario/load.ts'
import { Scenario } from '../support/scenario/scenario.ts'
import { eventually } from '../support/scenario/wait.ts'

const openFiles = (pid: number) => readdirSync(`/proc/${pid}/fd`).length
const residentKiB = (pid: number) =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])

/** A connection that is held open: how many a load has open at one instant is chance. */
async function connected(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  return socket.on('error', () => socket.destroy())
}

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
      const burst = async () => await load(scenario, { port, keys, clients: 150, goOn: times(1200) })
      const held = await Promise.all(Array.from({ length: 150 }, () => connected(port)))
      await eventually('all are open at once', () => openFiles(process.pid) >= baseline + 150)
      await burst()
      for (const socket of held) socket.destroy()
      // The heap grows to what bursts need over the first few of them, sooner or later.
      for (let count = 2; count <= 4; count++) await burst()
      const grown = residentKiB(process.pid)
      for (let count = 5; count <= 6; count++) await burst()
      // Idle connections to the upstream are closed some seconds after their last use.
      await eventually('the sockets are closed', () => openFiles(process.pid) <= baseline, {
        withinMs: 15_000,
        everyMs: 100
      })
      expect(residentKiB(process.pid) - grown).toBeLessThan(48 * 1024)
    } finally {
      await scenario.close()
    }
  }
)
