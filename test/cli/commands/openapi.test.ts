import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { version } from '../../../src/base/version.ts'
import { describeAdminApi, describeApi } from '../../../src/cli/commands/openapi.ts'
import { test } from '../../support/fixtures/test.ts'

test('openapi writes the same description each time', async ({ cli }) => {
  const file = join(cli.folder, 'described.json')
  expect(await cli.run(['openapi', '--output', file, '--json'])).toEqual({
    code: 0,
    stdout: `${JSON.stringify({ file })}\n`,
    stderr: ''
  })
  const text = readFileSync(file, 'utf8')
  expect(text).toBe(await describeApi(version))
  expect(JSON.parse(text)).toMatchObject({ openapi: '3.1.0', info: { version } })
})

test('openapi --admin writes the description of the admin API', async ({ cli }) => {
  const file = join(cli.folder, 'described.json')
  const written = await cli.run(['openapi', '--admin', '--output', file])
  expect(written).toEqual({ code: 0, stdout: `${file} is written.\n`, stderr: '' })
  expect(readFileSync(file, 'utf8')).toBe(await describeAdminApi(version))
})
