import { spawn, spawnSync } from 'node:child_process'
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
  /** Ends a command that is run without blocking. */
  readonly signal?: AbortSignal
}

/** Programs need them to be found and to find their settings; none of them is secret. */
const usualVariables = ['PATH', 'HOME', 'USER', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR']
const isWindows = platform() === 'win32'
const defaultTimeoutMs = 10_000
const maxOutputBytes = 64 * 1024

/** What the command prints. Blocks until it ends. Throws `secret_unavailable`. */
export function runSecretCommand(command: string, env: Environment, options: CommandOptions = {}): Buffer {
  const [program, ...words] = wordsOf(command)
  const { timeoutMs = defaultTimeoutMs } = options
  const { pid, stdout, status, error } = spawnSync(program, words, {
    ...childOptions(env, options),
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: maxOutputBytes
  })
  if (error || status !== 0) killAll(pid)
  if (error) throw failureOf(error)
  requireSuccess(status)
  return stdout
}

/** The same, without blocking. */
export async function fetchSecretFromCommand(
  command: string,
  env: Environment,
  options: CommandOptions = {}
): Promise<Buffer> {
  const [program, ...words] = wordsOf(command)
  const { timeoutMs = defaultTimeoutMs, signal } = options
  const child = spawn(program, words, childOptions(env, options))
  const giveUp = () => {
    killAll(child.pid)
    child.stdout?.destroy()
  }
  const late = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])])
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
    const [status] = (await once(child, 'close')) as [number | null]
    if (late.aborted || bytes > maxOutputBytes) throw killed()
    requireSuccess(status)
    return Buffer.concat(chunks)
  } catch (error) {
    killAll(child.pid)
    throw failureOf(error)
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

function failureOf(error: unknown): DomainError {
  if (error instanceof DomainError) return error
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ETIMEDOUT' || code === 'ENOBUFS') return killed()
  return commandFailed(`it could not be run (${code})`)
}

function killed(): DomainError {
  return commandFailed('it was killed: it took too long, or printed too much')
}

/** The status is null when a signal ended the command. */
function requireSuccess(status: number | null): void {
  if (status === null) throw commandFailed('it was killed')
  if (status !== 0) throw commandFailed(`it failed with exit code ${status}`)
}

/** The message leaves out what the command printed: it may be the secret. */
function commandFailed(why: string): DomainError {
  return domainError('secret_unavailable', `the command of an exec: reference gave no secret: ${why}`)
}
