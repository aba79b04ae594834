import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../src')
const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter(name => name.endsWith('.ts'))
  .map(name => ({ name, text: readFileSync(join(root, name), 'utf8') }))

/** What a file imports: files of ours relative to src/, packages by their names. Types count too. */
function importsOf({ name, text }: { name: string; text: string }): string[] {
  const statement = /\b(?:from|import)\s*\(?\s*'([^']+)'/g
  return [...text.matchAll(statement)].map(([, specifier = '']) =>
    specifier.startsWith('.') ? relative(root, resolve(root, dirname(name), specifier)) : specifier
  )
}

/** Every import of the files that match, as "file -> import". */
function imports(of: (name: string) => boolean): { from: string; to: string }[] {
  return files
    .filter(({ name }) => of(name))
    .flatMap(file => importsOf(file).map(to => ({ from: file.name, to })))
}

function violations(of: (name: string) => boolean, allowed: (to: string, from: string) => boolean): string[] {
  return imports(of)
    .filter(({ from, to }) => !allowed(to, from))
    .map(({ from, to }) => `${from} -> ${to}`)
}

const within =
  (...folders: string[]) =>
  (name: string) =>
    folders.some(folder => name.startsWith(`${folder}/`))
const isPackage = (to: string) => !to.endsWith('.ts')
const isNode = (to: string) => to.startsWith('node:')
const domains = within('upstream', 'custody', 'tenants', 'limits', 'ledger')
/** Files at the top of src/ that know nothing of the rest of it. */
const vocabulary = [
  'error-reason.ts',
  'time-text.ts',
  'strict-json.ts',
  'problem-table.ts',
  'problems.ts',
  'problem-body.ts',
  'described-problems.ts',
  'schema.ts',
  'admin-schema.ts',
  'page-schema.ts',
  'uuid.ts',
  'version.ts',
  'logger.ts',
  'lifecycle.ts'
]

describe('imports go in one direction:', () => {
  test('the store knows nothing above it', () => {
    const known = ['kysely', 'kysely/migration', 'problems.ts', 'schema.ts']
    expect(
      violations(within('store'), to => isNode(to) || within('store')(to) || known.includes(to))
    ).toEqual([])
  })

  test('the domains know each other, the store and the vocabulary', () => {
    expect(
      violations(
        domains,
        to => isPackage(to) || domains(to) || within('store')(to) || vocabulary.includes(to)
      )
    ).toEqual([])
  })

  test('the domains do not know the server framework', () => {
    expect(violations(domains, to => !/fastify/.test(to))).toEqual([])
  })

  test('what stands between sockets and requests knows the vocabulary, and no server framework', () => {
    expect(
      violations(
        within('http'),
        to => (isPackage(to) && !/fastify/.test(to)) || within('http')(to) || vocabulary.includes(to)
      )
    ).toEqual([])
  })

  test('plugins know the domains and what requests come through, and no route', () => {
    expect(
      violations(
        within('plugins'),
        to => isPackage(to) || within('plugins', 'http')(to) || domains(to) || vocabulary.includes(to)
      )
    ).toEqual([])
  })

  test('routes know plugins and domains, and no other route', () => {
    expect(
      violations(
        within('routes'),
        (to, from) =>
          isPackage(to) || to === from || within('plugins')(to) || domains(to) || vocabulary.includes(to)
      )
    ).toEqual([])
  })

  test('neither routes nor plugins know the store, the upstream’s client or the configuration', () => {
    expect(
      violations(
        within('routes', 'plugins'),
        to => !within('store')(to) && to !== 'undici' && !to.startsWith('config') && to !== 'kysely'
      )
    ).toEqual([])
  })

  test('the vocabulary knows none of the rest', () => {
    expect(
      violations(
        name => vocabulary.includes(name),
        to => isPackage(to) || vocabulary.includes(to) || to === '../package.json'
      )
    ).toEqual([])
  })

  test('only the gateway knows the composition root, but for the description of the API', () => {
    const knowing = imports(() => true).filter(({ to }) => to === 'app.ts')
    expect(knowing.map(({ from }) => from).sort()).toEqual(['cli/openapi.ts', 'gateway.ts'])
  })

  test('only the server and the demo know the gateway', () => {
    const knowing = imports(() => true).filter(({ to }) => to === 'gateway.ts')
    expect(knowing.map(({ from }) => from).sort()).toEqual(['cli/demo.ts', 'server.ts'])
  })

  test('only the command line knows the server', () => {
    const knowing = imports(() => true).filter(({ to }) => to === 'server.ts')
    expect(knowing.filter(({ from }) => !within('cli')(from))).toEqual([])
  })

  test('nothing but the command line knows the command line, or the sandbox', () => {
    expect(
      violations(
        name => !within('cli')(name),
        to => !within('cli')(to)
      )
    ).toEqual([])
    expect(
      violations(
        name => !within('cli', 'sandbox')(name),
        to => !within('sandbox')(to)
      )
    ).toEqual([])
  })

  test('the sandbox shares nothing with the gateway: it stands for somebody else’s program', () => {
    expect(violations(within('sandbox'), to => isPackage(to) || within('sandbox')(to))).toEqual([])
  })
})

test('no file needs itself: values are imported in no circle', () => {
  const needed = /^(?:import|export) (?!type\b)[^;']*?from '(\.[^']+)'/gm
  const needs = new Map(
    files.map(({ name, text }) => [
      name,
      [...text.matchAll(needed)].map(([, to = '']) => relative(root, resolve(root, dirname(name), to)))
    ])
  )
  const done = new Set<string>()
  const circles: string[] = []
  function walk(file: string, path: readonly string[]): void {
    if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' > '))
    if (done.has(file)) return
    done.add(file)
    for (const to of needs.get(file) ?? []) walk(to, [...path, file])
  }
  for (const { name } of files) walk(name, [])
  expect(circles).toEqual([])
})

test('two files alone make requests: one to the upstream, one for the keys of token issuers', () => {
  const knowing = imports(() => true).filter(({ to }) => /^(undici|node:https?$)/.test(to))
  const clients = knowing.filter(({ to }) => to === 'undici').map(({ from }) => from)
  expect(clients.sort()).toEqual(['tenants/key-set-source.ts', 'upstream/transport.ts'])
  // Others may use the types and tables of node:http, never a client of it.
  for (const { from } of knowing) {
    const text = files.find(({ name }) => name === from)?.text ?? ''
    expect(text, from).not.toMatch(/\bhttps?\.(request|get)\(/)
  }
  for (const { name, text } of files) expect(text, name).not.toMatch(/(?<![.\w])fetch\(/)
})

test('there are no barrels: no index file, and nothing is exported on but one type and the sandbox’s key', () => {
  expect(files.filter(({ name }) => /(^|\/)index\.ts$/.test(name))).toEqual([])
  const passedOn = files.flatMap(({ name, text }) =>
    [...text.matchAll(/^export (?:type )?(?:\*|\{[^}]*\}).*$/gm)].map(([line]) => `${name}: ${line}`)
  )
  expect(passedOn.sort()).toEqual([
    'logger.ts: export type { Logger }',
    "sandbox/sandbox.ts: export { SANDBOX_KEY } from './accepted-keys.ts'"
  ])
})

test('the process is read in three files: a setting that is read elsewhere cannot be given', () => {
  // To end another process reads nothing of this one.
  const readers = files
    .filter(({ text }) => /(?<![.\w])process\.(?!(?:versions|kill)\b)/.test(withoutComments(text)))
    .map(({ name }) => name)
  const allowed = ['cli/main.ts', 'server.ts', 'store-thread.ts']
  expect(readers.filter(name => !allowed.includes(name))).toEqual([])
  const importing = imports(() => true).filter(({ to }) => to === 'node:process' || to === 'process')
  // The sandbox's clock alone: it takes nothing but the time from it.
  expect(importing.map(({ from }) => from)).toEqual(['sandbox/clock.ts'])
})

test('every error of the code is caught by the table of problems, not by a switch', () => {
  for (const { name, text } of files) expect(text, name).not.toMatch(/\bswitch \(\w*(err|error|code)\b/i)
})

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '')
}
