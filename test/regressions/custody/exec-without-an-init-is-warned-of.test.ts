import { expect } from 'vitest'
import { addCredential } from '../../../src/custody/manage/operations.ts'
import { changeCredentials } from '../../../src/custody/manage/transaction.ts'
import { test } from '../../support/fixtures/test.ts'
import { canaryKey, startTestGateway, type TestGatewayOptions } from '../../support/fixtures/test-gateway.ts'
import { eventually } from '../../support/scenario/wait.ts'

const warnings = (log: string) => log.split('\n').filter(line => line.includes('exec.without_init'))

async function warningsOf(options: TestGatewayOptions<void>): Promise<number> {
  const gateway = await startTestGateway(options)
  try {
    return warnings(gateway.logged()).length
  } finally {
    await gateway.close()
  }
}

// As the first process of a container it gets the processes that commands leave behind, and nothing of Node reaps those.
test('the first process of a container warns once when it runs commands', async () => {
  const command = { GATEWAY_UPSTREAM_KEY: `exec:echo ${canaryKey}`, PATH: process.env['PATH'] ?? '' }
  expect(await warningsOf({ pid: 1, env: { ...command, GATEWAY_EXEC_REFRESH_SECONDS: '1' } })).toBe(1)
  expect(await warningsOf({ pid: 1 })).toBe(0)
  expect(await warningsOf({ env: command })).toBe(0)
})

test('a command in the store is reported when it runs', async ({ startGateway }) => {
  const gateway = await startGateway({ pid: 1, env: { PATH: process.env['PATH'] ?? '' } })
  const source = 'exec:echo bd_v2_canary_of_another_command'
  changeCredentials(gateway.custody(), addCredential, 'other', { source, fingerprint: '0'.repeat(64) })
  await eventually('it warns', () => warnings(gateway.logged()).length === 1)
})
