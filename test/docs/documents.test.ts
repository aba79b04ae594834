import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ConfigSchema } from '../../src/config.ts'
import { problemTable } from '../../src/problem-table.ts'
import { problemCodes } from '../../src/problems.ts'

const root = join(import.meta.dirname, '..', '..')
const read = (document: string) => readFileSync(join(root, document), 'utf8')
const readme = read('README.md')

const documents = [
  ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'docs/architecture.md', 'docs/operations.md'],
  ...['docs/admin-api.md', 'docs/callers.md'],
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
