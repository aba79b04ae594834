import { execFileSync } from 'node:child_process'
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type ClientCall, ScenarioClient } from '../support/scenario/client.ts'
import { type RunningGateway, Scenario } from '../support/scenario/scenario.ts'
import { eventually } from '../support/scenario/wait.ts'

const codeOf = ({ body }: ClientCall) => (JSON.parse(body) as { code?: string }).code

async function ask(port: number, path: string, key = ''): Promise<ClientCall> {
  const client = new ScenarioClient(port)
  const answer = await client.send({ method: 'GET', path, key, connectorId: '', body: '' })
  client.close()
  return answer
}

/** Starts a gateway that cannot open its store. */
async function startSealed(scenario: Scenario): Promise<RunningGateway> {
  const process = scenario.launch()
  const line = await process.logged(({ msg }) => msg === 'sealed')
  const portOf = (name: string) => Number(new URL(String(line[name])).port)
  return { process, port: portOf('url'), adminPort: portOf('admin_url'), writer: '' }
}

test.each([
  { what: 'is missing', harm: (path: string) => rmSync(path) },
  {
    what: 'is another one',
    harm: (path: string) => writeFileSync(path, 'wrong-but-of-enough-characters-7hq2')
  },
  { what: 'is empty', harm: (path: string) => writeFileSync(path, '\n') },
  {
    what: 'is a pipe that nobody writes to',
    harm: (path: string) => {
      rmSync(path)
      execFileSync('mkfifo', [path])
    }
  }
])(
  'a gateway whose master key $what starts sealed, says so, forwards nothing, and serves once it is there',
  async ({ harm }) => {
    const scenario = await Scenario.start()
    try {
      const { key } = await scenario.addTenant('acme')
      const admin = await scenario.json<{ key: string }>('admin-key', 'issue', 'op', '--role', 'viewer')
      const path = join(scenario.folder, 'master.key')
      const kept = readFileSync(path)
      harm(path)
      const gateway = await startSealed(scenario)
      const client = new ScenarioClient(gateway.port)
      const call = async (tenantKey: string) => {
        const made = await client.send(scenario.nextSync(tenantKey))
        scenario.calls.push(made)
        return made
      }
      for (const tenantKey of [key, '', `${key}x`]) {
        const refused = await call(tenantKey)
        expect(refused.status).toBe(503)
        expect(JSON.parse(refused.body)).toMatchObject({ code: 'sealed', forwarded: 'no', retry_after: 1 })
      }
      // A good and a bad admin key get the same answer.
      for (const adminKey of [admin.key, '', `${admin.key}x`]) {
        const refused = await ask(gateway.adminPort, '/admin/tenants', adminKey)
        expect(refused.status).toBe(503)
        expect(JSON.parse(refused.body)).toMatchObject({ code: 'sealed', retry_after: 1 })
      }
      for (const port of [gateway.port, gateway.adminPort]) {
        const ready = await ask(port, '/readyz')
        expect({ status: ready.status, code: codeOf(ready) }).toEqual({ status: 503, code: 'sealed' })
        expect(ready.body).toMatch(/GATEWAY_MASTER_KEY/)
        expect((await ask(port, '/livez')).status).toBe(200)
      }
      expect(scenario.sandbox.requests()).toEqual([])
      expect(gateway.process.stdout()).not.toContain('7hq2')

      writeFileSync(`${path}.new`, kept)
      renameSync(`${path}.new`, path)
      await eventually('a call is answered', async () => (await call(key)).status === 200)
      expect((await ask(gateway.port, '/readyz')).status).toBe(200)
      expect((await ask(gateway.adminPort, '/admin/tenants', admin.key)).status).toBe(200)
      client.close()
      gateway.process.signal('SIGTERM')
      expect(await gateway.process.exited).toMatchObject({ code: 0 })
      expect(scenario.check()).toEqual([])
    } finally {
      await scenario.close()
    }
  }
)

test('a sealed gateway ends in order', async () => {
  const scenario = await Scenario.start()
  try {
    await scenario.addTenant('acme')
    writeFileSync(join(scenario.folder, 'master.key'), 'wrong-but-of-enough-characters-7hq2')
    const { process } = await startSealed(scenario)
    process.signal('SIGTERM')
    expect(await process.exited).toEqual({ code: 0, signal: null })
  } finally {
    await scenario.close()
  }
})

test('a running gateway takes up another master key under which its keys were rewrapped, once that key is in place', async () => {
  const scenario = await Scenario.start({ env: { GATEWAY_UPSTREAM_KEY: 'env:NOT_USED' } })
  try {
    const { key } = await scenario.addTenant('acme')
    await scenario.json('credential', 'add', 'default', '--from', 'env:SCENARIO_UPSTREAM_KEY', '--seal')
    const gateway = await scenario.startGateway()
    const client = new ScenarioClient(gateway.port)
    const call = async () => {
      const made = await client.send(scenario.nextSync(key))
      scenario.calls.push(made)
      return made.status
    }
    expect(await call()).toBe(200)
    const path = join(scenario.folder, 'master.key')
    const next = join(scenario.folder, 'next.key')
    expect(await scenario.json('credential', 'rewrap', '--to', `file:${next}`)).toMatchObject({
      rewrapped: 1
    })
    await gateway.process.logged(({ event }) => event === 'credentials.not_read')
    expect(await call()).toBe(200)
    expect(await scenario.run('credential', 'list')).toMatchObject({ code: 2 })

    renameSync(next, path)
    await scenario.json('credential', 'add', 'second', '--from', 'env:SCENARIO_UPSTREAM_KEY', '--seal')
    await gateway.process.logged(({ credential }) => credential === 'second@1')
    expect(await call()).toBe(200)
    client.close()
    gateway.process.signal('SIGTERM')
    expect(await gateway.process.exited).toMatchObject({ code: 0 })

    const restarted = await scenario.startGateway()
    const again = new ScenarioClient(restarted.port)
    const made = await again.send(scenario.nextSync(key))
    scenario.calls.push(made)
    expect(made.status).toBe(200)
    again.close()
    restarted.process.signal('SIGTERM')
    await restarted.process.exited
    expect(scenario.check()).toEqual([])
  } finally {
    await scenario.close()
  }
})
