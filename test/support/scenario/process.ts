import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { CommandResult } from '../cli/command-here.ts'
import { processEnvironment } from '../run/bounds.ts'
import { noteEnded, noteStarted } from '../run/started.ts'
import { eventually, within } from './wait.ts'

export const program = join(import.meta.dirname, '..', '..', '..', 'src', 'cli', 'main.ts')

export type Ended = { readonly code: number | null; readonly signal: NodeJS.Signals | null }

export type ProcessOptions = {
  /** Its environment: of the test's own only what marks its run gets in. */
  readonly env: Readonly<Record<string, string>>
  readonly folder: string
  /** Names its two files of output in the folder. */
  readonly name: string
}

/** A process of this test: its output goes to files, it is ended by its id. */
export class ScenarioProcess {
  readonly pid: number
  readonly stdoutPath: string
  readonly stderrPath: string
  readonly exited: Promise<Ended>
  #ended: Ended | null = null

  private constructor(child: ChildProcess, stdoutPath: string, stderrPath: string) {
    if (child.pid === undefined) throw new Error('the process did not start')
    this.pid = child.pid
    this.stdoutPath = stdoutPath
    this.stderrPath = stderrPath
    this.exited = once(child, 'exit').then(([code, signal]) => {
      this.#ended = { code, signal }
      living.delete(this)
      noteEnded(this)
      return this.#ended
    })
  }

  /** Runs a file of JavaScript or TypeScript by the Node that runs the test. */
  static start(words: readonly string[], { env, folder, name }: ProcessOptions): ScenarioProcess {
    const [stdoutPath, stderrPath] = [join(folder, `${name}.stdout`), join(folder, `${name}.stderr`)]
    const files = [openSync(stdoutPath, 'a'), openSync(stderrPath, 'a')]
    try {
      const child = spawn(process.execPath, words, {
        env: { ...processEnvironment, ...env },
        cwd: folder,
        stdio: ['ignore', ...files]
      })
      const started = new ScenarioProcess(child, stdoutPath, stderrPath)
      living.add(started)
      noteStarted(started)
      return started
    } finally {
      for (const file of files) closeSync(file)
    }
  }

  get ended(): Ended | null {
    return this.#ended
  }

  /** Sends a signal, unless the process has ended: its id may be another's by now. */
  signal(signal: NodeJS.Signals): void {
    if (this.#ended === null) process.kill(this.pid, signal)
  }

  /** Kills it, and resolves when it is gone. */
  async kill(): Promise<Ended> {
    this.signal('SIGKILL')
    return await within(`the end of process ${this.pid}`, 10_000, this.exited)
  }

  async end(): Promise<void> {
    await this.kill()
  }

  stdout(): string {
    return readFileSync(this.stdoutPath, 'utf8')
  }

  stderr(): string {
    return readFileSync(this.stderrPath, 'utf8')
  }

  /** Waits for a line of its log. Throws with all its output when it ends before. */
  async logged(matches: (line: Record<string, unknown>) => boolean, withinMs = 15_000): Promise<LogLine> {
    const line = await eventually(
      `a line in the log of process ${this.pid}`,
      () => {
        // Asked before the file is read: what it wrote last is then in it.
        const { ended } = this
        return logLines(this.stdout()).find(matches) ?? (ended && { ended })
      },
      { withinMs, everyMs: 5 }
    )
    if (this.ended && !matches(line))
      throw new Error(`the process ended: ${JSON.stringify(this.ended)}\n${this.stdout()}${this.stderr()}`)
    return line
  }
}

export type LogLine = Record<string, unknown>

/** The complete JSON lines of a log. The last one may be cut: its process may have been killed as it wrote. */
function logLines(text: string): LogLine[] {
  return text.split('\n').flatMap(line => {
    try {
      return [JSON.parse(line) as LogLine]
    } catch {
      return []
    }
  })
}

/** Runs one command to its end as a process of its own, with `env` for all of its environment. */
export async function runProgram(
  words: readonly string[],
  { env, folder }: Pick<ProcessOptions, 'env' | 'folder'>
): Promise<CommandResult> {
  try {
    const options = { env: { ...processEnvironment, ...env }, cwd: folder, maxBuffer: 1 << 28 }
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [program, ...words], options)
    return { code: 0, stdout, stderr }
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as Partial<CommandResult>
    if (typeof code !== 'number') throw error
    return { code, stdout, stderr }
  }
}

const living = new Set<ScenarioProcess>()

/** Kills every process that a scenario of this test process started and that still runs. */
export async function killAll(): Promise<void> {
  await Promise.all([...living].map(one => one.kill()))
}

// A test process that is ended half way leaves nothing behind.
process.once('exit', () => {
  for (const one of living) one.signal('SIGKILL')
})
