import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { test } from '../../support/fixtures/test.ts'
import { runProgram } from '../../support/scenario/process.ts'

test('a gateway that cannot create its lock beside the store ends with 2 and the reason', async ({
  folder
}) => {
  mkdirSync(join(folder, 'data'))
  // A folder that nobody may write would be one too, but not for root.
  writeFileSync(join(folder, 'data', 'gateway.db.writers'), '')
  writeFileSync(join(folder, 'master.key'), 'a master key that opens nothing but the store of this test\n')
  const env = {
    GATEWAY_PORT: '0',
    GATEWAY_ADMIN_PORT: '0',
    GATEWAY_STORE_URL: `sqlite:${join(folder, 'data', 'gateway.db')}`,
    GATEWAY_MASTER_KEY: `file:${join(folder, 'master.key')}`,
    GATEWAY_UPSTREAM_KEY: 'env:UPSTREAM_KEY',
    UPSTREAM_KEY: 'bd_v2_key_of_this_test_0000000000'
  }
  const { code, stderr } = await runProgram(['serve'], { env, folder })
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: expect.stringMatching(/^connector-gateway: cannot make the lock .*\.lock: .*\n$/)
  })
})
