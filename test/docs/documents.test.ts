import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ConfigSchema } from '../../src/config/schema.ts'
import { problemCodes } from '../../src/contract/problem.ts'
import { problemTable } from '../../src/contract/problem-table.ts'
import { eventTable } from '../../src/telemetry/events.ts'

const root = join(import.meta.dirname, '..', '..')
const read = (document: string) => readFileSync(join(root, document), 'utf8')
const readme = read('README.md')

const documents = [
  ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'docs/architecture.md', 'docs/operations.md'],
  ...['docs/operator-walk-through.md', 'docs/auditor-walk-through.md'],
  ...['docs/admin-api.md', 'docs/callers.md', 'bench/README.md'],
  ...readdirSync(join(root, 'docs/decisions')).map(name => `docs/decisions/${name}`)
]

describe.each(documents)('%s', document => {
  const text = read(document)

  test('links to files that exist', () => {
    const targets = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, target = '']) => target)
    expect(targets.filter(target => !existsSync(join(root, dirname(document), target)))).toEqual([])
  })

  test('names files that exist', () => {
    const paths = [...text.matchAll(/`((?:src|test|bin|bench|openapi|docs)\/[\w./-]*\w)`/g)].map(
      ([, path = '']) => path
    )
    expect(paths.filter(path => !existsSync(join(root, path)))).toEqual([])
  })
})

describe('what stands in src/', () => {
  const entries = readdirSync(join(root, 'src'), { withFileTypes: true })
  const folders = entries.filter(entry => entry.isDirectory()).map(({ name }) => name)
  const files = entries.filter(entry => entry.isFile()).map(({ name }) => name)
  const everything = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  const exists = (name: string) => everything.some(path => path === name || path.endsWith(`/${name}`))

  test('is in the table of the house, each file and each folder', () => {
    const [, house = ''] = read('docs/architecture.md').split('## The house\n')
    const [table = ''] = house.split('\nImports go one way')
    const told = [...table.matchAll(/`([^`]+)`/g)].map(([, name]) => name)
    expect([...folders.map(name => `${name}/`), ...files].filter(name => !told.includes(name))).toEqual([])
    expect(told.filter(name => /^[^/]+\.ts$/.test(name ?? '') && !exists(name ?? ''))).toEqual([])
  })

  test('is reached by the reading order, each folder', () => {
    const [, order = ''] = readme.split('## Reading the source\n')
    expect(folders.filter(name => !order.split('\n## ')[0]?.includes(`src/${name}/`))).toEqual([])
  })
})

test('the lines of the log that operators are told of are lines that it has', () => {
  const [, told = ''] = read('docs/operations.md').split('## What the log says\n')
  const rows = (told.split('\n## ')[0] ?? '').split('\n').filter(line => line.startsWith('| `'))
  const lines = rows.flatMap(row =>
    [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, line]) => line)
  )
  const source = sourceText()
  expect(lines.length).toBeGreaterThan(10)
  expect(lines.filter(line => !new RegExp(`['"]${line}['"]`).test(source))).toEqual([])
})

test.each(Object.entries(ConfigSchema.properties))('the README tells %s and its default', (name, schema) => {
  const row = readme.split('\n').find(line => line.startsWith(`| \`${name}\``))
  expect(row?.split('|')[2]?.trim()).toBe(String(schema.default) === '' ? 'none' : `\`${schema.default}\``)
})

test.each(problemCodes)('the README tells %s and its status', code => {
  const row = readme.split('\n').find(line => line.startsWith('|') && line.includes(`\`${code}\``))
  expect(row).toContain(String(problemTable[code].status))
})

test.each(documents.filter(document => document.startsWith('docs/decisions/')))(
  '%s tells context, decision and consequence',
  document => {
    expect(read(document)).toMatch(
      /^# .+\n\n\*\*Context\.\*\* [\s\S]+\n\*\*Decision\.\*\* [\s\S]+\n\*\*Consequence\.\*\* /
    )
  }
)

/** All of the program's text. */
function sourceText(): string {
  const names = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  return names
    .filter(name => name.endsWith('.ts'))
    .map(name => read(join('src', name)))
    .join('\n')
}

test('the guides for operators explain every event, with its level', () => {
  const rows = `${read('docs/operations.md')}${read('docs/callers.md')}`.matchAll(/^\| (`[^|]+) \| (\w+) /gm)
  const explained = [...rows].flatMap(([, names = '', level]) =>
    [...names.matchAll(/`([a-z_]+\.[a-z_]+)`/g)].map(([, name]) => `${name} ${level}`)
  )
  const published = Object.entries(eventTable).map(([name, { level }]) => `${name} ${level}`)
  expect(explained.sort()).toEqual(published.sort())
})
