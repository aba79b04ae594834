import { hostname, userInfo } from 'node:os'
import { version } from '../base/version.ts'
import { domainError } from '../contract/error-table.ts'
import type { ProcessContext } from './context.ts'
import { runCommand, tellFailure } from './program.ts'

/** A terminal's Ctrl-C reaches us twice when npm stands between: from the terminal, and passed on by npm. */
const sameSignalMs = 50
/** How people and supervisors end a command that keeps running; SIGHUP comes when its terminal is closed. */
const endSignals = ['SIGINT', 'SIGTERM', 'SIGQUIT', 'SIGHUP'] as const

const context: ProcessContext = {
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  administrator: {
    actor: `cli:${userName()}`,
    host: hostname(),
    sudoUser: sudoUser(),
    role: 'cli',
    version,
    pid: process.pid
  },
  interrupted
}

// A reader that has seen enough (`| head`) is no failure; whatever the command changed is committed by then.
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  if (code === 'EPIPE') process.exit()
  const failure = domainError('output_unwritable', `standard output cannot be written (${code})`)
  process.exit(tellFailure(failure, process.argv.slice(2), context))
})
process.stderr.on('error', () => {})

process.exitCode = await runCommand(process.argv.slice(2), context)

function userName(): string {
  try {
    return userInfo().username
  } catch {
    // A container may run under a number that no account has.
    return String(process.getuid?.() ?? 'unknown')
  }
}

/** The environment's own word, which anybody can give: what is no user's name is left out. A directory's names have any letters. */
function sudoUser(): string | undefined {
  const name = process.env['SUDO_USER'] ?? ''
  return /^[\p{L}\p{N}_][\p{L}\p{M}\p{N}_.@\\ -]{0,63}[$]?$/u.test(name) ? name : undefined
}

function interrupted(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  function stop(): void {
    resolve()
    setTimeout(() => {
      for (const signal of endSignals) process.off(signal, stop)
    }, sameSignalMs).unref()
  }
  for (const signal of endSignals) process.on(signal, stop)
  return promise
}
