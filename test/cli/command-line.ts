import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterEach, vi } from 'vitest'
import { runCommand } from '../../src/cli/program.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
export const program = join(root, 'src/cli/main.ts')

/** What a finished command left behind. */
export type Finished = { code: number | null; stdout: string; stderr: string }

/** A folder of its own for one test, and the commands run in it as an operator would. */
export type CommandLine = {
  readonly folder: string
  readonly storePath: string
  start(words: readonly string[], env?: Record<string, string>): ChildProcessByStdio<null, Readable, Readable>
  run(words: readonly string[], env?: Record<string, string>): Promise<Finished>
  /** As `run`, but within this process: faster, for failures that come before anything is opened. */
  runHere(words: readonly string[], env?: Record<string, string>): Promise<Finished>
  /** Runs with `--json`, expects success and gives what was printed. */
  json(...words: string[]): Promise<Record<string, unknown>>
}

// Each command is a process that starts from nothing: on a busy machine a dozen of them take their time.
vi.setConfig({ testTimeout: 60_000 })

const folders: string[] = []
const children: ChildProcess[] = []
afterEach(() => {
  // One left over from a failed test would go on in a folder that is no longer there.
  for (const child of children.splice(0)) child.kill('SIGKILL')
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

/** Makes an empty folder, gone after the test; commands in it use the default store and master key. */
export function commandLine(): CommandLine {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-cli-'))
  folders.push(folder)
  const path = `${join(root, 'node_modules/.bin')}:${process.env['PATH']}`
  function start(words: readonly string[], env: Record<string, string> = {}) {
    const child = spawn('node', [program, ...words], {
      cwd: folder,
      env: { PATH: path, TMPDIR: folder, ...env },
      stdio: ['ignore', 'pipe', 'pipe']
    })
    children.push(child)
    return child
  }
  async function run(words: readonly string[], env?: Record<string, string>): Promise<Finished> {
    const child = start(words, env)
    const [[code], stdout, stderr] = await Promise.all([
      once(child, 'close') as Promise<[number | null]>,
      text(child.stdout),
      text(child.stderr)
    ])
    return { code, stdout, stderr }
  }
  return {
    folder,
    storePath: join(folder, 'data/gateway.db'),
    start,
    run,
    runHere: (words, env = {}) =>
      runHere(words, { GATEWAY_STORE_URL: `sqlite:${folder}/data/gateway.db`, ...env }),
    async json(...words) {
      const { code, stdout, stderr } = await run([...words, '--json'])
      if (code !== 0) throw new Error(`exit ${code}: ${stderr}`)
      return JSON.parse(stdout) as Record<string, unknown>
    }
  }
}

async function runHere(words: readonly string[], env: Record<string, string>): Promise<Finished> {
  const printed = { stdout: '', stderr: '' }
  const sink = (name: keyof typeof printed) =>
    new Writable({
      write(chunk, _encoding, done) {
        printed[name] += String(chunk)
        done()
      }
    })
  const code = await runCommand(words, {
    env,
    stdin: Readable.from([]),
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    administrator: { actor: 'cli:tester', role: 'cli', version: '1.2.3', pid: 1 },
    interrupted: () => Promise.resolve()
  })
  return { code, ...printed }
}
