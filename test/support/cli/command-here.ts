import { userInfo } from 'node:os'
import { Readable, Writable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { version } from '../../../src/base/version.ts'
import { runCommand } from '../../../src/cli/program.ts'

/** What a finished command left behind. */
export type CommandResult = { readonly code: number; readonly stdout: string; readonly stderr: string }

export type CommandPlace = {
  /** All of its environment. */
  readonly env: Readonly<Record<string, string>>
  /** Its working directory. */
  readonly folder: string
  /** What it reads from its standard input; nothing unless given. */
  readonly input?: string
}

let previous: Promise<unknown> = Promise.resolve()

/**
 * Runs one command to its end within this process: what it does and prints is the same as in a process of its own, without
 * the half second that a start takes. One after the other, as the working directory belongs to the whole process.
 */
export function runHere(words: readonly string[], place: CommandPlace): Promise<CommandResult> {
  // A command may never leave the process idle, and what else the test has under way is to go on between two of them.
  const result = previous.then(() => setImmediate()).then(() => runIn(words, place))
  previous = result.catch(() => undefined)
  return result
}

async function runIn(words: readonly string[], { env, folder, input }: CommandPlace): Promise<CommandResult> {
  const printed = { stdout: '', stderr: '' }
  const sink = (name: keyof typeof printed) =>
    new Writable({
      write(chunk, _encoding, done) {
        printed[name] += String(chunk)
        done()
      }
    })
  const before = process.cwd()
  process.chdir(folder)
  try {
    const code = await runCommand(words, {
      env,
      stdin: Readable.from(input === undefined ? [] : [Buffer.from(input)]),
      stdout: sink('stdout'),
      stderr: sink('stderr'),
      administrator: { actor: `cli:${userInfo().username}`, role: 'cli', version, pid: process.pid },
      interrupted: () => new Promise(() => {})
    })
    return { code, ...printed }
  } finally {
    process.chdir(before)
  }
}
