import { cpSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect } from 'vitest'
import { loadConfig } from '../../../src/config/config.ts'
import { type Gateway, startGateway } from '../../../src/gateway.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import type { CommandLine } from '../../support/cli/command-line.ts'
import { test } from '../../support/fixtures/test.ts'

/** A ledger whose end was lost with its log, or with an old copy put back, looked whole to everybody. */
let cli: CommandLine
let env: Record<string, string>
const running: Gateway[] = []
test.beforeEach(async ({ cli: opened }) => {
  cli = opened
  env = {
    GATEWAY_PORT: '0',
    GATEWAY_ADMIN_PORT: '0',
    GATEWAY_STORE_URL: `sqlite:${cli.storePath}`,
    GATEWAY_MASTER_KEY: `file:${join(cli.folder, 'master.key')}`,
    GATEWAY_UPSTREAM_ORIGIN: 'http://127.0.0.1:9',
    BIGDATA_API_KEY: 'bd_v2_key'
  }
  writeFileSync(join(cli.folder, 'master.key'), 'a master key that opens nothing but this one test store')
  expect(await cli.run(['tenant', 'list'], env)).toMatchObject({ code: 0 })
})
afterEach(async () => {
  for (const gateway of running.splice(0)) await gateway.close()
})

async function start() {
  const lines: string[] = []
  const logger = createLogger('info', { write: line => void lines.push(line) })
  const gateway = await startGateway(loadConfig(env), { env, logger, pid: process.pid })
  running.push(gateway)
  return { gateway, logged: () => lines.map(line => JSON.parse(line) as Record<string, unknown>) }
}

async function stop(): Promise<void> {
  for (const gateway of running.splice(0)) await gateway.close()
}

const ready = async (url: string) => await (await fetch(`${url}/readyz`)).json()

/** A chain of a gateway is acknowledged, and an older copy of the store is put in its place. */
async function loseChain(): Promise<string> {
  const copy = join(cli.folder, 'copy.db')
  cpSync(cli.storePath, copy)
  const { logged } = await start()
  await stop()
  renameSync(copy, cli.storePath)
  return String(logged().find(({ msg }) => msg === 'ready')?.['writer'])
}

test('a gateway that starts where acknowledged entries are missing says so, and so does every check of the ledger', async () => {
  const writer = await loseChain()
  for (let round = 0; round < 2; round++) {
    const { gateway, logged } = await start()
    const degraded = { status: 'degraded', degraded: ['ledger_incomplete'] }
    expect(await ready(gateway.url)).toEqual(degraded)
    expect(await ready(gateway.adminUrl)).toEqual(degraded)
    const missing = { level: 50, incident: 'ledger_incomplete', writer, acknowledged: 2, stored: 0 }
    expect(logged()).toContainEqual(expect.objectContaining(missing))
    await stop()
  }

  const verified = await cli.run(['ledger', 'verify'], env)
  expect(verified.code).toBe(1)
  expect(verified.stdout).not.toContain('whole')
  expect(verified.stderr).toContain(`writer ${writer} seq 1: missing`)
  expect(JSON.parse((await cli.run(['ledger', 'verify', '--json'], env)).stdout)).toMatchObject({
    whole: false
  })

  const checked = await cli.run(['check'], env)
  expect(checked).toMatchObject({ code: 0 })
  expect(checked.stdout).toContain(`those of writer ${writer} were acknowledged up to 2`)
  expect(checked.stdout).not.toContain('All checks passed')
})

test('an operator who restores an old copy on purpose removes the records, and nothing is missing any more', async () => {
  await loseChain()
  const folder = `${cli.storePath}.writers`
  for (const name of readdirSync(folder)) rmSync(join(folder, name))
  const { gateway, logged } = await start()
  expect(await ready(gateway.url)).toEqual({ status: 'ok' })
  expect(logged().filter(({ level }) => Number(level) >= 50)).toEqual([])
  expect(await cli.run(['ledger', 'verify'], env)).toMatchObject({ code: 0 })
})
