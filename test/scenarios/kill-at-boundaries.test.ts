import { expect, test } from 'vitest'
import { attach, noStrace } from '../support/disk/strace.ts'
import { type ClientCall, ScenarioClient } from '../support/scenario/client.ts'
import { resent } from '../support/scenario/crash.ts'
import { type RunningGateway, Scenario } from '../support/scenario/scenario.ts'
import { within } from '../support/scenario/wait.ts'

/** More of one kind than a call ever makes: a bound for a test that would not end. */
const bound = 60

/** What one call came to when the process was killed as it entered its `count`-th system call of this name. */
type Killed = { readonly survived: boolean; readonly call: ClientCall; readonly sent: number }

/** One call to a new process, which leaves nothing else to do, and then the call that is killed. */
async function callKilledAt(
  scenario: Scenario,
  gateway: RunningGateway,
  key: string,
  [name, count]: readonly [string, number]
): Promise<Killed> {
  const client = new ScenarioClient(gateway.port)
  const first = await client.send(scenario.nextSync(key))
  expect(first.status).toBe(200)
  const tracer = await attach(
    gateway.process.pid,
    ...['-e', `trace=${name}`, '-e', `inject=${name}:signal=SIGKILL:when=${count}`]
  )
  const before = scenario.sandbox.requests().length
  const call = await client.send(scenario.nextSync(key))
  scenario.calls.push(first, call)
  const survived = call.status !== undefined && gateway.process.ended === null
  if (survived) {
    await tracer.detach()
    await gateway.process.kill()
  } else await within('the end of the process', 10_000, gateway.process.exited)
  client.close()
  return { survived, call, sent: scenario.sandbox.requests().length - before }
}

/** What the ledger says of a call, once the next gateway has recovered. */
function ledgerOn(scenario: Scenario, call: ClientCall): string {
  const entries = scenario.ledger.entries().filter(({ request }) => dayIn(request) === call.dateLimit)
  return entries.map(({ kind, code }) => code ?? kind).join(', ') || 'nothing'
}

const dayIn = (request: unknown) => (request as { date_limit?: string } | undefined)?.date_limit

test.skipIf(noStrace !== false)(
  `a process killed at any write or sync of a call has sent nothing without an intent, and answered nothing without an outcome${noStrace === false ? '' : ` (not here: ${noStrace})`}`,
  async () => {
    const scenario = await Scenario.start()
    try {
      const { key } = await scenario.addTenant('acme')
      let gateway = await scenario.startGateway()
      // Which of the two syncs is called depends on how SQLite was built: the other one kills nobody.
      for (const name of ['pwrite64', 'fsync', 'fdatasync']) {
        let survived = false
        for (let count = 1; !survived && count <= bound; count++) {
          const killed = await callKilledAt(scenario, gateway, key, [name, count])
          survived = killed.survived
          const { call, sent } = killed
          gateway = await scenario.startGateway()
          const recorded = ledgerOn(scenario, call)
          console.log(
            `${survived ? 'survives' : 'killed at'} ${name} ${count}: the caller got ${call.status ?? 'nothing'}, ` +
              `the upstream ${sent}, the ledger says ${recorded}`
          )
          if (call.status === 200) expect(recorded).toBe('call.intent, accepted')
          if (sent > 0) expect(recorded).toMatch(/^call\.intent, (accepted|outcome_unknown)$/)
          expect(scenario.check()).toEqual([])
        }
        expect(survived).toBe(true)
      }
      gateway.process.signal('SIGTERM')
      expect(await gateway.process.exited).toMatchObject({ code: 0 })
      expect(scenario.check()).toEqual([])
      expect(resent(scenario)).toEqual([])
    } finally {
      await scenario.close()
    }
  }
)
