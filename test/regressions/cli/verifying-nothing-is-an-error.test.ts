import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commandLine } from '../../support/cli/command-line.ts'

test('an empty export does not pass as whole with a key or heads: nothing could be checked', async () => {
  const cli = commandLine()
  const path = (name: string) => join(cli.folder, name)
  writeFileSync(path('none'), '')
  writeFileSync(path('no-heads.json'), '{"heads":[]}')
  await cli.json('tenant', 'create', 'acme')
  await cli.json('key', 'issue', 'acme')
  const { stdout: key } = await cli.run(['ledger', 'public-key'])
  writeFileSync(path('key.pem'), key)
  const { stdout: heads } = await cli.run(['ledger', 'head', '--json'])
  writeFileSync(path('heads.json'), heads)
  const verify = (...words: string[]) => cli.run(['ledger', 'verify', '--file', path('none'), ...words])
  expect(await verify('--public-key', path('key.pem'))).toMatchObject({
    code: 2,
    stderr: 'connector-gateway: there is nothing to check: the ledger holds no entries\n'
  })
  expect(await verify('--head', path('no-heads.json'))).toMatchObject({ code: 2 })
  // Of entries that are known all are gone: that is no whole ledger, whatever else.
  expect(await verify('--head', path('heads.json'))).toMatchObject({ code: 1 })
  expect(await verify()).toMatchObject({ code: 0 })
})
