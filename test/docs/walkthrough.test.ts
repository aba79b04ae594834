import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { problemTable } from '../../src/contract/problem-table.ts'
import { fencedExcerpts } from '../support/documents/fenced-commands.ts'
import { follow } from '../support/documents/reader.ts'

test.concurrent('the commands of the tutorial work as they are written', async () => {
  const { read, background } = await follow('docs/tutorial.md', { throughNpm: true })
  expect(read, read.output).toMatchObject({ code: 0 })
  expect(read.output).toContain('"status":"accepted"')
  expect(read.output).toContain('"code":"request_refused"')
  expect(read.output).toMatch(/^whole: \d+ entries of \d+ writers, 0 calls without an outcome$/m)
  expect(background.at(-1)?.output).toContain('"msg":"drained"')
})

test('the problem that the tutorial shows is the one of the table', () => {
  const text = readFileSync(new URL('../../docs/tutorial.md', import.meta.url), 'utf8')
  const shown = JSON.parse(/```json\n([\s\S]+?)```/.exec(text)?.[1] ?? '') as Record<string, unknown>
  const { status, title, detail, retryable, action } = problemTable.request_refused
  const facts = { type: '/problems/request_refused', code: 'request_refused', forwarded: 'yes' }
  expect(shown).toMatchObject({ ...facts, status, title, detail, retryable, action })
})

test.concurrent('the commands for operators work as they are written', async () => {
  const { read, background } = await follow('docs/operations.md')
  expect(read, read.output).toMatchObject({ code: 0 })
  expect(read.output.match(/^whole: /gm)).toHaveLength(5)
  expect(background.at(-1)?.output).toContain('"msg":"drained"')
})

test.concurrent('the commands for the admin API work as they are written', async () => {
  const { read, background } = await follow('docs/admin-api.md')
  expect(read, read.output).toMatchObject({ code: 0 })
  expect(read.output).toContain('"changed":["019b76da-a800-7371-bf3c-a5acb5ac0e04"]')
  expect(read.output).toContain('"state":"revoked"')
  expect(read.output).toContain('"kind":"admin.tenant.disable"')
  expect(read.output.match(/cg[aw]_[a-z2-7]{16}_/g)).toHaveLength(1)
  expect(background.at(-1)?.output).toContain('"msg":"drained"')
})

test.concurrent.each(['docs/tutorial/operator.md', 'docs/tutorial/auditor.md'])(
  'the commands of %s print what stands below them',
  async document => {
    const { read } = await follow(document)
    expect(read, read.output).toMatchObject({ code: 0 })
    const shown = fencedExcerpts(document)
    expect(shown.length).toBeGreaterThan(20)
    expect(
      shown.filter(line => !line.test(read.output)),
      read.output
    ).toEqual([])
  }
)
