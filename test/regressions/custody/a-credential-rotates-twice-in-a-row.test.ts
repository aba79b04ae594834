import { expect } from 'vitest'
import { test } from '../../support/fixtures/test.ts'

test('a second rotation within the grace period says that the version kept since the first is gone', async ({
  cli
}) => {
  const env = { ONE: 'bd_v2_made_up_1', TWO: 'bd_v2_made_up_2', THREE: 'bd_v2_made_up_3' }
  await cli.run(['credential', 'add', 'reports', '--from', 'env:ONE'], env)
  const rotate = (reference: string) =>
    cli.run(['credential', 'rotate', 'reports', '--from', reference, '--no-proof'], env)
  expect((await rotate('env:TWO')).stdout).not.toContain('gone')
  const { code, stdout } = await rotate('env:THREE')
  expect(code).toBe(0)
  expect(stdout).toMatch(
    /version 2 is kept until [^ ]+Z[.]\nVersion 1, which was to be kept until [^ ]+Z, is gone[.]\n$/
  )
})
