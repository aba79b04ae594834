import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { eventTable } from '../../src/telemetry/events.ts'

const root = join(import.meta.dirname, '..', '..')
const read = (document: string) => readFileSync(join(root, document), 'utf8')
const readme = read('README.md')
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }

const documents = [
  ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'bench/README.md'],
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.md'))
    .map(name => `docs/${name}`)
]

describe.each(documents)('%s', document => {
  const text = read(document)

  test('links to files that exist', () => {
    const targets = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, target = '']) => target)
    expect(targets.filter(target => !existsSync(join(root, dirname(document), target)))).toEqual([])
  })

  test('links to headings that exist', () => {
    const targets = [...text.matchAll(/\]\((?!https?:)([^)#]*)#([^)]+)\)/g)]
    const missing = targets.filter(([, file = '', anchor = '']) => {
      const target = file === '' ? text : read(join(dirname(document), file))
      return !anchorsOf(target).includes(anchor)
    })
    expect(missing.map(([link]) => link)).toEqual([])
  })

  test('names scripts of package.json that exist', () => {
    const named = [...text.matchAll(/\bnpm run (?:-s )?([a-z:]+)/g)].map(([, name = '']) => name)
    expect(named.filter(name => !Object.hasOwn(scripts, name))).toEqual([])
  })

  test('names files that exist', () => {
    const paths = [...text.matchAll(/`((?:src|test|bin|bench|openapi|docs)\/[\w./-]*\w)`/g)].map(
      ([, path = '']) => path
    )
    expect(paths.filter(path => !existsSync(join(root, path)))).toEqual([])
  })
})

describe('src/', () => {
  const entries = readdirSync(join(root, 'src'), { withFileTypes: true })
  const folders = entries.filter(entry => entry.isDirectory()).map(({ name }) => name)
  const files = entries.filter(entry => entry.isFile()).map(({ name }) => name)
  const everything = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  const exists = (name: string) => everything.some(path => path === name || path.endsWith(`/${name}`))

  test('is in the table of docs/architecture.md, each file and each folder', () => {
    const [, house = ''] = read('docs/architecture.md').split('## Source tree\n')
    const [table = ''] = house.split('\nImports follow one total order')
    const named = [...table.matchAll(/`([^`]+)`/g)].map(([, name]) => name)
    expect([...folders.map(name => `${name}/`), ...files].filter(name => !named.includes(name))).toEqual([])
    expect(named.filter(name => /^[^/]+\.ts$/.test(name ?? '') && !exists(name ?? ''))).toEqual([])
  })

  test('is in the reading order of the README, each folder', () => {
    const [, order = ''] = readme.split('## Reading the source\n')
    expect(folders.filter(name => !order.split('\n## ')[0]?.includes(`src/${name}/`))).toEqual([])
  })
})

test.each([
  { document: 'docs/operations.md', heading: 'Log', atLeast: 11 },
  { document: 'docs/callers.md', heading: 'Log lines', atLeast: 5 }
])('the log has every line that $document explains', ({ document, heading, atLeast }) => {
  const [, log = ''] = read(document).split(`\n## ${heading}\n`)
  const rows = (log.split('\n## ')[0] ?? '').split('\n').filter(line => line.startsWith('| `'))
  const lines = rows.flatMap(row =>
    [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, line]) => line)
  )
  const source = sourceText()
  expect(lines.length).toBeGreaterThanOrEqual(atLeast)
  expect(lines.filter(line => !new RegExp(`['"]${line}['"]`).test(source))).toEqual([])
})

test('the guides for operators explain every event, with its level', () => {
  const rows = `${read('docs/operations.md')}${read('docs/callers.md')}`.matchAll(/^\| (`[^|]+) \| (\w+) /gm)
  const explained = [...rows].flatMap(([, names = '', level]) =>
    [...names.matchAll(/`([a-z_]+\.[a-z_]+)`/g)].map(([, name]) => `${name} ${level}`)
  )
  const published = Object.entries(eventTable).map(([name, { level }]) => `${name} ${level}`)
  expect(explained.sort()).toEqual(published.sort())
})

test.each(documents.filter(document => document.startsWith('docs/decisions/')))(
  '%s has a context, a decision and a consequence',
  document => {
    expect(read(document)).toMatch(
      /^# .+\n\n\*\*Context\.\*\* [\s\S]+\n\*\*Decision\.\*\* [\s\S]+\n\*\*Consequence\.\*\* /
    )
  }
)

/** The anchors of a document's headings, as GitHub makes them. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-')
  )
}

test('comments of the program name files that exist', () => {
  const named = [...sourceText().matchAll(/`(?:src\/)?([\w./-]+\.ts)`/g)].map(([, path = '']) => path)
  const paths = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  const exists = (name: string) => paths.some(path => path === name || path.endsWith(`/${name}`))
  expect(named.length).toBeGreaterThan(10)
  expect(named.filter(name => !exists(name))).toEqual([])
})

/** All of the program's text. */
function sourceText(): string {
  const names = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  return names
    .filter(name => name.endsWith('.ts'))
    .map(name => read(join('src', name)))
    .join('\n')
}
