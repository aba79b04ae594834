import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { processEnvironment } from '../run/bounds.ts'
import { runHere } from './command-here.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
export const program = join(root, 'src/cli/main.ts')

/** What a finished command left behind. */
export type Finished = { code: number | null; stdout: string; stderr: string }

/** A folder of its own, and the commands run in it as an operator would. */
export type CommandLine = {
  readonly folder: string
  readonly storePath: string
  start(words: readonly string[], env?: Record<string, string>): ChildProcessByStdio<null, Readable, Readable>
  /** Runs within this process: for everything that is not about the process itself. */
  run(words: readonly string[], env?: Record<string, string>, input?: string): Promise<Finished>
  /** The same as a process of its own. */
  runProcess(words: readonly string[], env?: Record<string, string>): Promise<Finished>
  /** Runs with `--json`, expects success and gives what was printed. */
  json(...words: string[]): Promise<Record<string, unknown>>
  /** Ends the processes that still run, and removes the folder. */
  close(): void
}

/** Makes an empty folder; commands in it use the default store and master key. Close it. */
export function commandLine(): CommandLine {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-cli-'))
  const children: ChildProcess[] = []
  const path = `${join(root, 'node_modules/.bin')}:${process.env['PATH']}`
  function start(words: readonly string[], env: Record<string, string> = {}) {
    const child = spawn('node', [program, ...words], {
      cwd: folder,
      env: { ...processEnvironment, PATH: path, TMPDIR: folder, ...env },
      stdio: ['ignore', 'pipe', 'pipe']
    })
    children.push(child)
    return child
  }
  async function runProcess(words: readonly string[], env?: Record<string, string>): Promise<Finished> {
    const child = start(words, env)
    const [[code], stdout, stderr] = await Promise.all([
      once(child, 'close') as Promise<[number | null]>,
      text(child.stdout),
      text(child.stderr)
    ])
    return { code, stdout, stderr }
  }
  function run(
    words: readonly string[],
    env: Record<string, string> = {},
    input?: string
  ): Promise<Finished> {
    const given = input === undefined ? {} : { input }
    return runHere(words, { folder, env: { PATH: path, TMPDIR: folder, ...env }, ...given })
  }
  return {
    folder,
    storePath: join(folder, 'data/gateway.db'),
    start,
    run,
    runProcess,
    async json(...words) {
      const { code, stdout, stderr } = await run([...words, '--json'])
      if (code !== 0) throw new Error(`exit ${code}: ${stderr}`)
      return JSON.parse(stdout) as Record<string, unknown>
    },
    close() {
      // One left over from a failed test would go on in a folder that no longer exists.
      for (const child of children) child.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    }
  }
}
