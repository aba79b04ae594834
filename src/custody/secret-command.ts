import { execFile, execFileSync } from 'node:child_process'
import { promisify } from 'node:util'

/** The variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>

/** How a command that prints a secret is run. */
export type CommandOptions = {
  /** Names of variables that it sees besides the usual ones, e.g. `VAULT_ADDR`. No others are passed on. */
  readonly environment?: readonly string[]
  /** A command that has not ended by then is killed. */
  readonly timeoutMs?: number
  /** Ends a command that is run without blocking. */
  readonly signal?: AbortSignal
}

/** A command could not be run, took too long or failed. What it printed is not told: it may be the secret. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed'
}

/** What programs need to be found and to find their own settings; nothing in here is secret. */
const usualVariables = ['PATH', 'HOME', 'USER', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR']
const defaultTimeoutMs = 10_000
const maxOutputBytes = 64 * 1024

/** What the command prints. Blocks meanwhile: for the start and for commands. Throws CommandFailed. */
export function runSecretCommand(command: string, env: Environment, options: CommandOptions = {}): Buffer {
  const [program, ...words] = wordsOf(command)
  try {
    return execFileSync(program, words, {
      ...childOptions(env, options),
      stdio: ['ignore', 'pipe', 'ignore']
    })
  } catch (error) {
    throw toCommandFailed(error)
  }
}

/** The same, without blocking. */
export async function fetchSecretFromCommand(
  command: string,
  env: Environment,
  options: CommandOptions = {}
): Promise<Buffer> {
  const [program, ...words] = wordsOf(command)
  try {
    const running = promisify(execFile)(program, words, {
      ...childOptions(env, options),
      ...(options.signal && { signal: options.signal })
    })
    running.child.stdin?.end()
    return (await running).stdout
  } catch (error) {
    throw toCommandFailed(error)
  }
}

function childOptions(env: Environment, { environment = [], timeoutMs = defaultTimeoutMs }: CommandOptions) {
  const names = [...usualVariables, ...environment].filter(name => Object.hasOwn(env, name))
  return {
    encoding: 'buffer' as const,
    env: Object.fromEntries(names.map(name => [name, env[name]])),
    timeout: timeoutMs,
    killSignal: 'SIGKILL' as const,
    maxBuffer: maxOutputBytes,
    windowsHide: true
  }
}

/** The words of a command line; quotes keep spaces. There is no shell: who wants one writes `sh -c '…'`. */
function wordsOf(command: string): [string, ...string[]] {
  const words = [...command.matchAll(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g)].map(([word]) =>
    word.replace(/'([^']*)'|"([^"]*)"/g, '$1$2')
  )
  const [program, ...rest] = words
  if (program === undefined) throw new CommandFailed('it names no command')
  return [program, ...rest]
}

function toCommandFailed(error: unknown): CommandFailed {
  if (error instanceof CommandFailed) return error
  const { code, status, signal, killed } = error as {
    code?: unknown
    status?: unknown
    signal?: unknown
    killed?: unknown
  }
  if (killed || signal || code === 'ETIMEDOUT') return new CommandFailed('it was killed, or took too long')
  if (typeof code === 'string') return new CommandFailed(`it could not be run (${code})`)
  return new CommandFailed(`it failed with exit code ${status ?? code}`)
}
