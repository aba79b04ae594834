import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { platform } from 'node:os'
import { DomainError } from '../../base/domain-error.ts'
import { domainError } from '../../contract/error-table.ts'

/** The variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>

/** How a command that prints a secret is run. */
export type CommandOptions = {
  /** Variables that it gets besides the usual ones, e.g. `VAULT_ADDR`. */
  readonly environment?: readonly string[]
  /** The command is killed after this long. */
  readonly timeoutMs?: number
  /** Ends the command. */
  readonly signal?: AbortSignal
}

/** Programs need them to be found and to find their settings; none of them is secret. */
const usualVariables = ['PATH', 'HOME', 'USER', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR']
const isWindows = platform() === 'win32'
const defaultTimeoutMs = 10_000
const maxOutputBytes = 64 * 1024

/** What the command prints. Throws `secret_unavailable`. */
export async function runSecretCommand(
  command: string,
  env: Environment,
  options: CommandOptions = {}
): Promise<Buffer> {
  const [program, ...words] = wordsOf(command)
  const { timeoutMs = defaultTimeoutMs, signal } = options
  const late = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])])
  let child: ChildProcess | undefined
  try {
    child = spawn(program, words, childOptions(env, options))
    return await outputOf(child, late)
  } catch (error) {
    killAll(child?.pid)
    if (error instanceof DomainError) throw error
    throw commandFailed(`it could not be run (${(error as NodeJS.ErrnoException).code})`)
  }
}

/** What the command prints until it ends, successfully. */
async function outputOf(child: ChildProcess, late: AbortSignal): Promise<Buffer> {
  const giveUp = () => {
    killAll(child.pid)
    child.stdout?.destroy()
  }
  if (late.aborted) giveUp()
  late.addEventListener('abort', giveUp, { once: true })
  const chunks: Buffer[] = []
  let bytes = 0
  child.stdout?.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > maxOutputBytes) giveUp()
  })
  try {
    // The status is null when a signal ended the command.
    const [status] = (await once(child, 'close')) as [number | null]
    if (late.aborted || bytes > maxOutputBytes)
      throw commandFailed('it was killed: it took too long, or printed too much')
    if (status !== 0)
      throw commandFailed(status === null ? 'it was killed' : `it failed with exit code ${status}`)
    return Buffer.concat(chunks)
  } finally {
    late.removeEventListener('abort', giveUp)
    for (const chunk of chunks) chunk.fill(0)
  }
}

function childOptions(env: Environment, { environment = [] }: CommandOptions) {
  const names = [...usualVariables, ...environment].filter(name => Object.hasOwn(env, name))
  return {
    env: Object.fromEntries(names.map(name => [name, env[name]])),
    // Its error messages may hold the secret too.
    stdio: ['ignore', 'pipe', 'ignore'] as ['ignore', 'pipe', 'ignore'],
    // A group of its own, so that the processes it has started are killed with it.
    detached: !isWindows,
    windowsHide: true
  }
}

/** Kills a command and the processes it has started: the pipeline of a shell outlives the shell. */
function killAll(pid: number | undefined): void {
  if (!pid) return
  try {
    process.kill(isWindows ? pid : -pid, 'SIGKILL')
  } catch {
    // All of them have ended.
  }
}

/** The words of a command line; quotes keep spaces. There is no shell, unless the command is `sh -c '…'`. */
function wordsOf(command: string): [string, ...string[]] {
  const words = [...command.matchAll(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g)].map(([word]) =>
    word.replace(/'([^']*)'|"([^"]*)"/g, '$1$2')
  )
  const [program, ...rest] = words
  // Node would throw.
  if (!program || command.includes('\0')) throw commandFailed('it names no command')
  return [program, ...rest]
}

/** The message leaves out what the command printed: it may be the secret. */
function commandFailed(why: string): DomainError {
  return domainError('secret_unavailable', `the command of an exec: reference gave no secret: ${why}`)
}
