import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { scanForCanary } from '../support/checker/canary.ts'
import { ScenarioClient } from '../support/scenario/client.ts'
import { canaryKey, type RunningGateway, Scenario } from '../support/scenario/scenario.ts'
import { filesBelow } from '../support/scenario/sinks.ts'
import { eventually } from '../support/scenario/wait.ts'

const nextKey = 'bd_v2_canary_next_5Yt8wQ2kLm7ZxV4c'

async function withGateway(
  env: Readonly<Record<string, string>>,
  prepare: (scenario: Scenario) => void | Promise<void>,
  run: (started: {
    scenario: Scenario
    gateway: RunningGateway
    call: () => Promise<number | undefined>
  }) => Promise<void>
): Promise<void> {
  const scenario = await Scenario.start({ env })
  try {
    await prepare(scenario)
    const { key } = await scenario.addTenant('acme')
    const gateway = await scenario.startGateway()
    const client = new ScenarioClient(gateway.port)
    const call = async () => {
      const made = await client.send(scenario.nextSync(key))
      scenario.calls.push(made)
      return made.status
    }
    await run({ scenario, gateway, call })
    client.close()
    gateway.process.signal('SIGTERM')
    expect(await gateway.process.exited).toMatchObject({ code: 0 })
    expect(scenario.check()).toEqual([])
  } finally {
    await scenario.close()
  }
}

/** Puts a key into a file as a mounted secret is: in one step. */
function put(path: string, key: string): void {
  writeFileSync(`${path}.new`, `${key}\n`, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

const uses = (scenario: Scenario, key: string) => {
  const last = scenario.sandbox.requests().at(-1)
  return last?.head.includes(key) ?? false
}

test('a key in a file is taken up when the file changes, and the one before is kept for a while', () =>
  withGateway(
    { GATEWAY_UPSTREAM_KEY: 'file:upstream.key' },
    scenario => put(join(scenario.folder, 'upstream.key'), canaryKey),
    async ({ scenario, gateway, call }) => {
      const path = join(scenario.folder, 'upstream.key')
      expect(await call()).toBe(200)
      scenario.sandbox.addKey(nextKey)
      put(path, nextKey)
      await gateway.process.logged(({ credential }) => credential === 'default@2')
      expect(await call()).toBe(200)
      expect(uses(scenario, nextKey)).toBe(true)
      scenario.sandbox.removeKey(nextKey)
      expect(await call()).toBe(200)
      expect(uses(scenario, canaryKey)).toBe(true)

      // What is written by mistake is not used, and what was there before is.
      put(path, '')
      await gateway.process.logged(({ event }) => event === 'credential.not_fetched')
      expect(await call()).toBe(200)
      expect(existsSync(path)).toBe(true)
      put(path, canaryKey)
      put(path, nextKey)
    }
  ))

const printsKey = `#!/bin/sh
env > "$(dirname "$0")/environment.txt"
cat "$(dirname "$0")/vault.txt"
`

test('a command that prints the key sees an allowlisted environment, and is run again at its interval', () =>
  withGateway(
    {
      GATEWAY_UPSTREAM_KEY: 'exec:./print-key "one word"',
      GATEWAY_EXEC_ENVIRONMENT: 'VAULT_ADDR',
      GATEWAY_EXEC_REFRESH_SECONDS: '1',
      VAULT_ADDR: 'http://vault.invalid',
      PATH: process.env['PATH'] ?? ''
    },
    scenario => {
      put(join(scenario.folder, 'vault.txt'), canaryKey)
      writeFileSync(join(scenario.folder, 'print-key'), printsKey)
      chmodSync(join(scenario.folder, 'print-key'), 0o700)
    },
    async ({ scenario, gateway, call }) => {
      expect(await call()).toBe(200)
      const environment = readFileSync(join(scenario.folder, 'environment.txt'), 'utf8')
      expect(environment).toContain('VAULT_ADDR=http://vault.invalid')
      expect(environment).not.toMatch(/^(GATEWAY_|SCENARIO_)/m)
      scenario.sandbox.addKey(nextKey)
      put(join(scenario.folder, 'vault.txt'), nextKey)
      await gateway.process.logged(({ credential }) => credential === 'default@2')
      expect(await call()).toBe(200)
      expect(uses(scenario, nextKey)).toBe(true)
      const sinks = filesBelow(scenario.folder).filter(({ name }) => !name.endsWith('vault.txt'))
      expect(sinks.map(({ name }) => name)).toContainEqual(expect.stringMatching(/environment\.txt$/))
      expect([...scanForCanary(canaryKey, sinks), ...scanForCanary(nextKey, sinks)]).toEqual([])
    }
  ))

test('a process that serves cannot be debugged, dumped or read by a signal', async () => {
  await withGateway(
    { NODE_OPTIONS: '--inspect=127.0.0.1:0' },
    () => {},
    async ({ gateway, call }) => {
      const { pid } = gateway.process
      expect(await call()).toBe(200)
      process.kill(pid, 'SIGUSR1')
      await gateway.process.logged(
        ({ event, signal }) => event === 'process.signal_ignored' && signal === 'SIGUSR1'
      )
      expect(gateway.process.stdout()).toMatch(/process\.inspector_closed/)
      expect(gateway.process.stderr().match(/Debugger listening/g)).toHaveLength(1)
      expect(await call()).toBe(200)
      if (process.platform === 'linux')
        expect(Number.parseInt(readFileSync(`/proc/${pid}/coredump_filter`, 'utf8'), 16)).toBe(0)
    }
  )
})

test('a tenant uses its credentials in their order: the next one while the first is spent', () =>
  withGateway(
    { GATEWAY_UPSTREAM_BUDGET_PER_MINUTE: '1' },
    async scenario => {
      put(join(scenario.folder, 'second.key'), nextKey)
      scenario.sandbox.addKey(nextKey)
      await scenario.json(
        'credential',
        'add',
        'second',
        '--from',
        `file:${join(scenario.folder, 'second.key')}`
      )
    },
    async ({ scenario, call }) => {
      await scenario.json('tenant', 'update', 'acme', '--credentials', 'default,second')
      await eventually('both are used', async () => {
        await call()
        const heads = scenario.sandbox.requests().map(({ head }) => head)
        return heads.some(head => head.includes(canaryKey)) && heads.some(head => head.includes(nextKey))
      })
      expect(await call()).toBe(503)
    }
  ))
