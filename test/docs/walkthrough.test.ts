import { expect, test } from 'vitest'
import { follow } from './reader.ts'

test.concurrent('the walk-through of the README works as it is written', async () => {
  const { read, background } = await follow('README.md')
  expect(read, read.output).toMatchObject({ code: 0 })
  expect(read.output).toContain('"status":"accepted"')
  expect(read.output).toContain('"code":"request_refused"')
  expect(read.output).toMatch(/^whole: \d+ entries of \d+ writers, 0 calls without an outcome$/m)
  expect(background.at(-1)?.output).toContain('"msg":"drained"')
}, 60_000)

test.concurrent('the commands for operators work as they are written', async () => {
  const { read, background } = await follow('docs/operations.md')
  expect(read, read.output).toMatchObject({ code: 0 })
  expect(read.output.match(/^whole: /gm)).toHaveLength(5)
  expect(background.at(-1)?.output).toContain('"msg":"drained"')
}, 60_000)
