import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { ConfigSchema } from '../../src/config/schema.ts'
import { errorTable, exitCodes } from '../../src/contract/error-table.ts'
import { problemCodes } from '../../src/contract/problem.ts'
import { problemTable } from '../../src/contract/problem-table.ts'
import { refusalTable } from '../../src/contract/refusal-table.ts'
import { commandsWithoutJson } from '../support/reference/commands-page.ts'
import { isDescribed } from '../support/reference/ledger-members.ts'
import { referencePages } from '../support/reference/pages.ts'

const root = join(import.meta.dirname, '..', '..')
const stored = (name: string) => readFileSync(join(root, 'docs', 'reference', name), 'utf8')
/** The cells of the row that begins with a name. */
const rowOf = (page: string, name: string) =>
  stored(page)
    .split('\n')
    .find(line => line.startsWith(`| \`${name}\` |`))
    ?.split('|')
    .map(cell => cell.trim())

test.each(Object.entries(referencePages))(
  'docs/reference/%s is what the program makes; if this fails, run `npm run reference`',
  async (name, make) => {
    expect(stored(name)).toBe(await make())
  }
)

test('docs/reference/ has no page that nothing makes', () => {
  expect(readdirSync(join(root, 'docs', 'reference')).sort()).toEqual(Object.keys(referencePages).sort())
})

test.each(Object.entries(ConfigSchema.properties))(
  'the reference has %s, its default, its form and its meaning',
  (name, schema) => {
    const [, , byDefault, form, meaning] = rowOf('settings.md', name) ?? []
    expect(byDefault).toBe(String(schema.default) === '' ? 'none' : `\`${schema.default}\``)
    expect(form).toBe(schema.description)
    expect(meaning).toMatch(/^\w/)
  }
)

test.each(problemCodes)('the reference has %s and its status', code => {
  const [, , status] = rowOf('problems.md', code) ?? []
  expect(status).toBe(String(problemTable[code].status))
})

test.each(Object.keys(refusalTable))('the reference has %s and what to do about it', code => {
  const [, , , , action] = rowOf('problems.md', code) ?? []
  expect(action).toBe(refusalTable[code as keyof typeof refusalTable].action)
})

test.each(Object.entries(errorTable))('the reference has %s and its exit code', (code, { status }) => {
  const rows = stored('problems.md')
    .split('\n')
    .filter(line => line.startsWith(`| \`${code}\` |`))
  expect(rows.some(row => row.split('|')[3]?.trim() === String(exitCodes[status]))).toBe(true)
})

test('failures.md explains every member of the envelope', () => {
  const { components } = JSON.parse(readFileSync(join(root, 'openapi/gateway.json'), 'utf8')) as {
    components: { schemas: { Problem: { properties: object } } }
  }
  const [, envelope = ''] = readFileSync(join(root, 'docs/failures.md'), 'utf8').split('\n## The envelope\n')
  const rows = (envelope.split('\n## ')[0] ?? '').split('\n').filter(line => line.startsWith('| `'))
  const explained = rows.flatMap(row => [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)])
  expect(explained.map(([, name]) => name).sort()).toEqual(
    Object.keys(components.schemas.Problem.properties).sort()
  )
})

test('every command takes --json, as the reference says', async () => {
  expect(await commandsWithoutJson()).toEqual([])
})

describe('the reference of the ledger', () => {
  const fixture = (name: string) => readFileSync(join(root, 'test/fixtures/earlier-version', name))
  const archive = gunzipSync(fixture('archive.ndjson.gz')).toString('utf8')
  const lines = [archive, fixture('whole.ndjson').toString('utf8')].flatMap(text => text.trim().split('\n'))
  const entries = lines.map(line => JSON.parse(line) as Record<string, unknown>)

  test('describes every member of the entries of an earlier version, for their kind', () => {
    const unknown = entries.flatMap(entry =>
      Object.keys(entry)
        .filter(member => !isDescribed(String(entry['kind']), member))
        .map(member => `${entry['kind']} ${member}`)
    )
    expect(entries.length).toBeGreaterThan(20)
    expect([...new Set(unknown)]).toEqual([])
  })
})
