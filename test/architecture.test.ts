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

/** The total order: a file imports its own place and those before it, types included. */
const order = [
  ['base'],
  ['contract'],
  ['telemetry'],
  ['config'],
  ['store'],
  ['ledger'],
  ['custody'],
  ['tenants'],
  ['identity'],
  ['limits'],
  ['upstream'],
  ['admin'],
  ['threads'],
  ['http'],
  ['plugins'],
  ['routes'],
  ['app.ts', 'admin-app.ts'],
  ['gateway.ts'],
  ['process-signals.ts', 'server.ts'],
  ['sandbox'],
  ['cli']
]

function placeOf(name: string): number {
  const [top = ''] = name.split('/')
  return order.findIndex(names => names.includes(top))
}

const within =
  (...folders: string[]) =>
  (name: string) =>
    folders.some(folder => name.startsWith(`${folder}/`))
const isPackage = (to: string) => !to.endsWith('.ts')

describe('imports go in one direction:', () => {
  test('every file has a place in the total order', () => {
    expect(files.filter(({ name }) => placeOf(name) === -1).map(({ name }) => name)).toEqual([])
  })

  test('no file imports what comes after it, not even a type', () => {
    expect(
      violations(
        () => true,
        (to, from) => isPackage(to) || to === '../package.json' || placeOf(to) <= placeOf(from)
      )
    ).toEqual([])
  })

  test('no two files import each other, however far around, not even types', () => {
    expect(circles()).toEqual([])
  })

  test('the domains and what is before them do not know the server framework', () => {
    const exempt = ['http/listener.ts']
    expect(
      violations(
        name => placeOf(name) < placeOf('plugins/') && !exempt.includes(name),
        to => !/fastify/.test(to)
      )
    ).toEqual([])
  })

  test('routes know no other route', () => {
    const room = (name: string) => name.split('/').slice(0, -1).join('/')
    expect(
      violations(
        within('routes'),
        (to, from) => !within('routes')(to) || (room(to) === room(from) && within('routes/health')(from))
      )
    ).toEqual([])
  })

  test('neither routes nor plugins know the store, the upstream’s client or how settings are read', () => {
    expect(
      violations(
        within('routes', 'plugins'),
        to => !/^(store\/(?!store-fault)|config\/(?!tls-files)|undici$|kysely$)/.test(to)
      )
    ).toEqual([])
  })

  test('only the gateway and the description of the API know the applications', () => {
    const knowing = imports(() => true).filter(({ to }) => /^(admin-)?app\.ts$/.test(to))
    expect([...new Set(knowing.map(({ from }) => from))].sort()).toEqual([
      'cli/commands/openapi.ts',
      'gateway.ts'
    ])
  })

  test('only the server and the demo know the gateway', () => {
    const knowing = imports(() => true).filter(({ to }) => to === 'gateway.ts')
    expect(knowing.map(({ from }) => from).sort()).toEqual(['cli/commands/demo.ts', 'server.ts'])
  })

  test('the transport to the upstream knows neither keys nor ledger nor problems', () => {
    const own = within('upstream/transport', 'base')
    expect(violations(within('upstream/transport'), to => isPackage(to) || own(to))).toEqual([])
  })

  test('the sandbox shares nothing with the gateway: it stands for somebody else’s program', () => {
    expect(violations(within('sandbox'), to => isPackage(to) || within('sandbox')(to))).toEqual([])
  })
})

describe('a stranger finds a file by its folder:', () => {
  const folders = Map.groupBy(
    files.map(({ name }) => name),
    dirname
  )

  test('at most five files are at the top', () => {
    expect(folders.get('.')?.length).toBeLessThanOrEqual(5)
  })

  test('no folder has more than twenty files, but for the sandbox', () => {
    const full = [...folders].filter(([name, names]) => names.length > 20 && name !== 'sandbox')
    expect(full.map(([name]) => name)).toEqual([])
  })

  test('no file has more than 250 lines', () => {
    expect(files.filter(({ text }) => text.split('\n').length > 251).map(({ name }) => name)).toEqual([])
  })
})

/** Every circle of imports, as "a > b > a". */
function circles(): string[] {
  const known = new Map(files.map(file => [file.name, importsOf(file).filter(to => !isPackage(to))]))
  const done = new Set<string>()
  const found: string[] = []
  function walk(file: string, path: readonly string[]): void {
    if (path.includes(file)) found.push([...path.slice(path.indexOf(file)), file].join(' > '))
    if (done.has(file)) return
    done.add(file)
    for (const to of known.get(file) ?? []) walk(to, [...path, file])
  }
  for (const { name } of files) walk(name, [])
  return found
}

test('the transport alone makes requests to the upstream, and one file those for the keys of token issuers', () => {
  const knowing = imports(() => true).filter(({ to }) => /^(undici|node:https?$)/.test(to))
  const clients = knowing.filter(({ to }) => to === 'undici').map(({ from }) => from)
  expect(clients.sort()).toEqual([
    'identity/jwt/jwks-source.ts',
    'upstream/transport/connection.ts',
    'upstream/transport/transport.ts'
  ])
  // Others may use the types and tables of node:http, never a client of it.
  for (const { from } of knowing) {
    const text = files.find(({ name }) => name === from)?.text ?? ''
    expect(text, from).not.toMatch(/\bhttps?\.(request|get)\(/)
  }
  for (const { name, text } of files) expect(text, name).not.toMatch(/(?<![.\w])fetch\(/)
})

test('there are no barrels: no index file, and nothing is exported on but the sandbox’s key', () => {
  expect(files.filter(({ name }) => /(^|\/)index\.ts$/.test(name))).toEqual([])
  const passedOn = files.flatMap(({ name, text }) =>
    [...text.matchAll(/^export (?:type )?(?:\*|\{[^}]*\}).*$/gm)].map(([line]) => `${name}: ${line}`)
  )
  expect(passedOn.sort()).toEqual(["sandbox/sandbox.ts: export { SANDBOX_KEY } from './accepted-keys.ts'"])
})

test('the process is read in three files: a setting that is read elsewhere cannot be given', () => {
  // To end another process reads nothing of this one; `'process.` begins the name of an event.
  const readers = files
    .filter(({ text }) => /(?<![.\w'])process\.(?!(?:versions|kill)\b)/.test(withoutComments(text)))
    .map(({ name }) => name)
  const allowed = ['cli/main.ts', 'server.ts', 'threads/writer-thread.ts']
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
