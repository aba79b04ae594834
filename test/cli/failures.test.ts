import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { refusalTable } from '../../src/contract/refusal-table.ts'
import { commandLine } from '../support/cli/command-line.ts'

const oneLine = /^connector-gateway: [^\n]+\n$/

describe('an invalid command line gets one line on standard error, exit 2, and does nothing', () => {
  test.each([
    [[]],
    [['tenat']],
    [['tenant']],
    [['tenant', 'crate']],
    [['tenant', 'create']],
    [['tenant', 'create', 'acme', 'surplus']],
    [['tenant', 'create', 'acme', '--wrong']],
    [['tenant', 'create', 'acme', '--rate']],
    [['tenant', 'create', 'acme', '--rate', '0']],
    [['tenant', 'create', 'acme', '--rate', '1e3']],
    [['tenant', 'create', 'acme', '--burst', '-1']],
    [['tenant', 'list', '--limit', '1001']],
    [['key', 'rotate', 'x', '--overlap', 'soon']],
    [['grant', 'add', 'acme']],
    [['ledger']],
    [['serve', 'surplus']],
    [['check', '--port', '1']],
    [['sandbox', '--port', '65536']],
    [['wrong\u001b[31m\ncommand']]
  ])('%j', async words => {
    const gateway = commandLine()
    const failed = await gateway.run(words)
    expect(failed).toMatchObject({ code: 2, stdout: '' })
    expect(failed.stderr).toMatch(oneLine)
    expect(failed.stderr).not.toContain('\u001b')
    expect(existsSync(gateway.storePath)).toBe(false)
  })

  test('as a process of its own too', async () => {
    const gateway = commandLine()
    expect(await gateway.runProcess(['tenant', 'create', 'acme', 'surplus'])).toEqual({
      code: 2,
      stdout: '',
      stderr: "connector-gateway: too many arguments for 'create'. Expected 1 argument but got 2.\n"
    })
    expect(existsSync(gateway.storePath)).toBe(false)
  })

  test('as a problem object with --json', async () => {
    const failed = await commandLine().run(['tenant', 'create', '--json'])
    expect(failed).toMatchObject({ code: 2, stdout: '' })
    expect(JSON.parse(failed.stderr)).toEqual({
      type: '/problems/usage_invalid',
      title: 'Usage invalid',
      status: 400,
      detail: "missing required argument 'name'",
      code: 'usage_invalid'
    })
  })
})

test('a refusal with --json has the action that it has over HTTP; another error has none', async () => {
  const gateway = commandLine()
  const problemOf = async (words: readonly string[]) =>
    JSON.parse((await gateway.run([...words, '--json'])).stderr) as { code: string; action?: string }
  const refused = [
    ['key_not_found', ['key', 'revoke', 'aaaaaaaaaaaaaaaa']],
    ['tenant_name_invalid', ['tenant', 'create', 'Acme']]
  ] as const
  for (const [code, words] of refused)
    expect(await problemOf(words)).toMatchObject({ code, action: refusalTable[code].action })
  expect(await problemOf(['tenant', 'list', '--limit', 'many'])).not.toHaveProperty('action')
})

describe('a command reports all faults of the configuration at once, each with its key, exit 2', () => {
  const faulty = { GATEWAY_PORT: '99999', GATEWAY_LOG_LEVEL: 'loud', GATEWAY_UPSTREAM_KEY: 'bd_v2_canary' }

  test.each([[['serve']], [['check']], [['tenant', 'create', 'acme']], [['key', 'list', 'acme']]])(
    '%j',
    async words => {
      const gateway = commandLine()
      const failed = await gateway.run(words, faulty)
      expect(failed).toMatchObject({ code: 2, stdout: '' })
      const lines = failed.stderr.trimEnd().split('\n').sort()
      expect(lines).toHaveLength(3)
      for (const [index, key] of Object.keys(faulty).sort().entries())
        expect(lines[index]).toMatch(new RegExp(`^connector-gateway: ${key}: must be `))
      expect(failed.stderr).not.toContain('canary')
      expect(existsSync(gateway.storePath)).toBe(false)
    }
  )

  test('as a problem object with --json', async () => {
    const failed = await commandLine().run(['tenant', 'list', '--json'], faulty)
    const problem = JSON.parse(failed.stderr) as { code: string; errors: { pointer: string }[] }
    expect(problem.code).toBe('configuration_invalid')
    expect(problem.errors.map(error => error.pointer).sort()).toEqual(
      Object.keys(faulty)
        .map(key => `/${key}`)
        .sort()
    )
  })

  test('also those of a file named by --config, on every command that reads it', async () => {
    const gateway = commandLine()
    writeFileSync(join(gateway.folder, 'other.yaml'), 'GATEWAY_PROT: 1\nGATEWAY_PORT: many\n')
    for (const words of [['tenant', 'list'], ['grant', 'list', 'acme'], ['check'], ['serve']]) {
      const failed = await gateway.run([...words, '--config', join(gateway.folder, 'other.yaml')], {
        BIGDATA_API_KEY: 'bd_v2_canary'
      })
      expect(failed.code).toBe(2)
      expect(failed.stderr.trimEnd().split('\n').sort()).toEqual([
        `connector-gateway: GATEWAY_PORT: must be a port, 0 to 65535 (${join(gateway.folder, 'other.yaml')}:2:1)`,
        `connector-gateway: GATEWAY_PROT: is not a setting: did you mean GATEWAY_PORT? (${join(gateway.folder, 'other.yaml')}:1:1)`
      ])
    }
    expect(await gateway.run(['tenant', 'list', '--config', 'missing.yaml'])).toEqual({
      code: 2,
      stdout: '',
      stderr: 'connector-gateway: missing.yaml: cannot be read (ENOENT)\n'
    })
  })
})

describe('help', () => {
  test.each([[['--help']], [['help', 'tenant']], [['tenant', 'create', '--help']], [['key', 'issue', '-h']]])(
    '%j is on standard output, fits 100 columns and exits 0',
    async words => {
      const { code, stdout, stderr } = await commandLine().run(words)
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).toMatch(/^Usage: connector-gateway/)
      for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100)
    }
  )

  test('--version prints the version alone', async () => {
    expect(await commandLine().runProcess(['--version'])).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
      stderr: ''
    })
  })
})

test('a command whose reader goes away ends quietly', async () => {
  const child = commandLine().start(['--help'])
  child.stdout.destroy()
  let stderr = ''
  child.stderr.on('data', chunk => {
    stderr += chunk
  })
  const code = await new Promise(resolve => child.once('close', resolve))
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
})
