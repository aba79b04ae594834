import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { version } from '../../src/base/version.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { runHere } from '../support/cli/command-here.ts'
import { folderOfOldNode, type Installed, installPacked } from '../support/fixtures/packed-package.ts'
import { rawRequest } from '../support/http/raw-connection.ts'
import { syncBytes } from '../support/http/request-bytes.ts'
import { processEnvironment } from '../support/run/bounds.ts'
import { eventually } from '../support/scenario/wait.ts'

const upstreamKey = 'bd_v2_made_up'
let installed: Installed
beforeAll(() => {
  installed = installPacked()
}, 120_000)
afterAll(() => rmSync(join(installed.folder, '..'), { recursive: true, force: true }))

const children: ChildProcess[] = []
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
})

const realOne = folderOfOldNode()

/** This Node, which says that it is an old one; what it starts says what it is. */
function pretendedOne(hasExecve: boolean): string {
  const folder = join(installed.folder, hasExecve ? 'can-hand-over' : 'old')
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    join(folder, 'pretend.mjs'),
    `const old = (name, value) => Object.defineProperty(process, name, { value })
    old('versions', { ...process.versions, node: '20.20.2' })
    old('version', 'v20.20.2')
    process.execArgv = []
    ${hasExecve ? '' : 'process.execve = undefined'}`
  )
  const node = join(folder, 'node')
  writeFileSync(node, `#!/bin/sh\nexec '${process.execPath}' --import '${folder}/pretend.mjs' "$@"\n`)
  chmodSync(node, 0o755)
  return folder
}

const oldNode = () => realOne ?? pretendedOne(false)

function start(nodeFolder: string, words: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(installed.command, words, {
    cwd: installed.folder,
    env: { ...processEnvironment, PATH: `${nodeFolder}:/usr/bin:/bin`, ...env },
    stdio: 'pipe'
  })
  children.push(child)
  const exited = once(child, 'exit') as Promise<[code: number | null, signal: string | null]>
  return { child, exited, stdout: text(child.stdout), stderr: text(child.stderr) }
}

async function run(nodeFolder: string, words: readonly string[], input = '') {
  const { child, exited, stdout, stderr } = start(nodeFolder, words)
  child.stdin.end(input)
  const [code] = await exited
  return { code, stdout: await stdout, stderr: await stderr }
}

/** A command beside the package's own: it prepares what a test needs. */
async function prepare(...words: string[]) {
  const { code, stdout, stderr } = await runHere([...words, '--json'], { folder: installed.folder, env: {} })
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout)
}

describe(`the packed package, run by ${realOne ? "the machine's own old Node" : 'a pretended old Node'},`, () => {
  test('runs on the Node that came with it: standard input goes in, output and exit code come out', async () => {
    expect(await run(oldNode(), ['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
    const added = await run(oldNode(), ['credential', 'add', 'reports', '--stdin', '--json'], upstreamKey)
    expect(added).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(added.stdout)).toMatchObject({ credential: 'reports', source: 'sealed' })
    expect(await run(oldNode(), ['nonsense'])).toEqual({
      code: 2,
      stdout: '',
      stderr: "connector-gateway: unknown command 'nonsense'\n"
    })
  })

  test('serves a call, drains at SIGTERM and exits with 0; nothing of it is left', async () => {
    const sandbox = await startSandbox({ keys: [upstreamKey] })
    try {
      await prepare('tenant', 'create', 'acme', '--connectors', '*')
      const { key } = await prepare('key', 'issue', 'acme')
      const { child, exited } = start(oldNode(), ['serve'], {
        GATEWAY_PORT: '0',
        GATEWAY_ADMIN_PORT: '0',
        GATEWAY_UPSTREAM_ORIGIN: sandbox.origin,
        GATEWAY_UPSTREAM_KEY: 'env:UPSTREAM_KEY',
        UPSTREAM_KEY: upstreamKey
      })
      let log = ''
      let ended: string | undefined
      child.on('exit', () => {
        ended = '{"msg":"it ended"}'
      })
      child.stdout.on('data', chunk => {
        log += String(chunk)
      })
      const line = (message: string) => log.split('\n').find(one => one.includes(`"msg":"${message}"`))
      const ready = JSON.parse(await eventually('ready', () => line('ready') ?? ended, { withinMs: 15_000 }))
      const pid = programOf(child) ?? 0
      const connectorId = sandbox.connectors.find(({ type }) => type === 'sharepoint')?.connector_id ?? ''
      const [answer] = await rawRequest(Number(new URL(ready.url).port), syncBytes({ key, connectorId }))
      expect(answer?.status).toBe(200)
      child.kill('SIGTERM')
      expect(await exited).toEqual([0, null])
      expect(() => process.kill(pid, 0)).toThrow(/ESRCH/)
    } finally {
      await sandbox.close()
    }
  })

  test('ends by the signal that ended the program', async () => {
    const { child, exited } = start(oldNode(), ['sandbox', '--port', '0'])
    await firstOutput(child, exited)
    expect(programOf(child)).not.toBe(child.pid)
    process.kill(programOf(child) ?? 0, 'SIGKILL')
    expect(await exited).toEqual([null, 'SIGKILL'])
  })

  test('is refused where no Node came with it, and the line says so', async () => {
    renameSync(installed.broughtNode, `${installed.broughtNode}.away`)
    const { code, stderr } = await run(oldNode(), ['--version'])
    renameSync(`${installed.broughtNode}.away`, installed.broughtNode)
    expect(code).toBe(2)
    expect(stderr).toMatch(
      /^connector-gateway: Node 24 or newer is needed, this is v[0-9.]+, and none came with the package for [a-z0-9]+ on [a-z0-9]+\n$/
    )
  })
})

test('the document that messages of the program name is in the package', () => {
  const home = join(installed.folder, 'node_modules', 'connector-gateway')
  expect(readFileSync(join(home, 'docs', 'operations.md'), 'utf8')).toContain('\n### Missing entries\n')
})

test('an old Node that can give its place to another process does: signals need nobody in between', async () => {
  const { child, exited } = start(pretendedOne(true), ['sandbox', '--port', '0'])
  await firstOutput(child, exited)
  expect(programOf(child)).toBe(child.pid)
  child.kill('SIGTERM')
  expect(await exited).toEqual([0, null])
})

/** Waits for its first output, and no longer than it lives. */
async function firstOutput(child: ChildProcessWithoutNullStreams, exited: Promise<unknown>): Promise<void> {
  const ended = exited.then(how => Promise.reject(new Error(`it ended before it said anything: ${how}`)))
  await Promise.race([once(child.stdout, 'data'), ended])
  ended.catch(() => {})
}

/** The program's own process: the child of the old Node, or that one where it has given its place. */
function programOf({ pid }: ChildProcess): number | undefined {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return children === '' ? pid : Number(children.split(' ')[0])
}
