import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, expect } from 'vitest'
import { type Sandbox, startSandbox } from '../../../src/sandbox/sandbox.ts'
import type { CommandLine } from '../../support/cli/command-line.ts'
import { test } from '../../support/fixtures/test.ts'

const good = 'bd_v2_canary_that_the_upstream_takes'
const bad = 'bd_v2_canary_that_it_refuses_now'

type Answer = {
  readonly credential: string
  readonly reached: boolean
  readonly key: string
  readonly cause?: string
}
type Findings = { readonly ok: boolean; readonly upstream: { readonly asked?: readonly Answer[] } }

let cli: CommandLine
let sandbox: Sandbox
let env: Record<string, string>
test.beforeEach(async ({ cli: opened }) => {
  cli = opened
  sandbox = await startSandbox({ keys: [good] })
  env = { GATEWAY_UPSTREAM_ORIGIN: sandbox.origin, BIGDATA_API_KEY: good }
})
afterEach(() => sandbox.close())

async function start(): Promise<void> {
  await cli.json('tenant', 'create', 'acme')
  await cli.json('key', 'issue', 'acme')
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

test('check without --upstream sends nothing and records nothing', async () => {
  await start()
  const { stdout } = await cli.run(['check', '--json'], env)
  expect((JSON.parse(stdout) as Findings).upstream.asked).toBeUndefined()
  expect(sandbox.requests()).toHaveLength(0)
})

test('check --upstream tries each credential by a read that changes nothing, and records it', async () => {
  await start()
  expect(
    await cli.run(['credential', 'add', 'other', '--from', 'env:BIGDATA_API_KEY', '--seal'], env)
  ).toMatchObject({
    code: 0
  })
  const asked = await cli.run(['check', '--upstream', '--json'], env)
  expect(asked).toMatchObject({ code: 0, stderr: '' })
  const { ok, upstream } = JSON.parse(asked.stdout) as Findings
  expect(ok).toBe(true)
  expect(upstream.asked).toMatchObject([{ credential: 'other@1', reached: true, key: 'accepted' }])
  const people = await cli.run(['check', '--upstream'], env)
  expect(people.stdout).toMatch(/asked +other@1: the upstream accepts the key\n/)
  expect(people.stdout).toMatch(/All checks passed\.\n$/)
  const { items } = (await cli.json('ledger', 'list', '--kind', 'call.outcome')) as { items: unknown[] }
  expect(items).toMatchObject([{ operation: 'credential.verify', code: 'accepted' }, { code: 'accepted' }])
  expect(asked.stdout + people.stdout).not.toContain('canary')
})

test('check --upstream tries the key of the setting where the store has none, and exits 1 when it is refused', async () => {
  await start()
  const refused = await cli.run(['check', '--upstream', '--json'], { ...env, BIGDATA_API_KEY: bad })
  expect(refused.code).toBe(1)
  const { ok, upstream } = JSON.parse(refused.stdout) as Findings
  expect(ok).toBe(false)
  expect(upstream.asked).toMatchObject([
    { credential: 'default@1', reached: true, status: 401, key: 'refused' }
  ])
  expect(JSON.parse(refused.stderr)).toMatchObject({
    code: 'credential_refused',
    detail: 'default@1: the upstream refuses the key (401)'
  })
})

test('an upstream that accepts the key and leaks it in its answer is exit 1, and not all is well', async () => {
  await start()
  sandbox.faults.add({ fault: 'key-echo', times: 2 })
  const people = await cli.run(['check', '--upstream'], env)
  expect(people.code).toBe(1)
  expect(people.stdout + people.stderr).not.toMatch(/All checks passed|canary/)
  expect(people.stderr).toMatch(
    /accepts the key; its answer contains the key: rotate it, and report the leak to the upstream\n$/
  )
  const asked = await cli.run(['check', '--upstream', '--json'], env)
  expect(JSON.parse(asked.stderr)).toMatchObject({ code: 'credential_echoed' })
  expect((JSON.parse(asked.stdout) as Findings).upstream.asked).toMatchObject([
    { key: 'accepted', echoed: true }
  ])
})

test('an upstream that cannot be reached is exit 1, with the cause', async () => {
  await start()
  const origin = `http://127.0.0.1:${await freePort()}`
  const failed = await cli.run(['check', '--upstream'], { ...env, GATEWAY_UPSTREAM_ORIGIN: origin })
  expect(failed).toMatchObject({
    code: 1,
    stderr: 'connector-gateway: default@1: the upstream cannot be reached (refused)\n'
  })
  expect(failed.stdout).toMatch(/The upstream does not accept our calls\.\n$/)
})

test('check --upstream without a store, which could not record the call, makes neither the call nor a store', async () => {
  const failed = await cli.run(['check', '--upstream'], env)
  expect(failed).toMatchObject({ code: 2, stdout: '' })
  expect(failed.stderr).toMatch(
    /^connector-gateway: the upstream was not asked: the store that would record the call does not exist yet/
  )
  expect(existsSync(cli.storePath)).toBe(false)
  expect(sandbox.requests()).toHaveLength(0)
})

test('a key that differs from the recorded one has a version of its own, in the ledger too', async () => {
  await start()
  const file = join(cli.folder, 'key')
  writeFileSync(file, good, { mode: 0o600 })
  expect(await cli.run(['credential', 'add', 'other', '--from', `file:${file}`], env)).toMatchObject({
    code: 0
  })
  writeFileSync(file, bad)
  const asked = await cli.run(['check', '--upstream', '--json'], env)
  expect(asked.code).toBe(1)
  const { upstream } = JSON.parse(asked.stdout) as Findings
  expect(upstream.asked).toMatchObject([{ credential: 'other@2', key: 'refused' }])
  const { items } = (await cli.json('ledger', 'list', '--kind', 'call.outcome')) as { items: unknown[] }
  expect(items[0]).toMatchObject({ credential: 'other@2', code: 'upstream_credential_rejected' })
})
