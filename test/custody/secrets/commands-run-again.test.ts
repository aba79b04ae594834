import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { test } from '../../support/fixtures/test.ts'
import { canaryKey } from '../../support/fixtures/test-gateway.ts'
import { eventually } from '../../support/scenario/wait.ts'

test('an operator who changed a key behind a command need not wait for its interval', async ({
  folder,
  startGateway
}) => {
  const secret = join(folder, 'secret')
  writeFileSync(secret, canaryKey)
  const gateway = await startGateway({
    env: {
      GATEWAY_UPSTREAM_KEY: `exec:cat ${secret}`,
      GATEWAY_EXEC_REFRESH_SECONDS: '86400',
      PATH: process.env['PATH'] ?? ''
    }
  })
  writeFileSync(secret, 'bd_v2_canary_that_came_after_the_first')
  expect(gateway.running.rerunCommands()).toBe(1)
  await eventually('the new key is in use', () => gateway.logged().includes('"credential":"default@2"'))
})
