import { hostname, userInfo } from 'node:os'
import { version } from '../base/version.ts'
import { domainError } from '../contract/error-table.ts'
import type { ProcessContext } from './context.ts'
import { reportFailure, runCommand } from './program.ts'

/** Under npm, Ctrl-C arrives twice: from the terminal, and passed on by npm. */
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
  process.exit(reportFailure(failure, process.argv.slice(2), context))
})
process.stderr.on('error', () => {})

process.exitCode = await runCommand(process.argv.slice(2), context)

function userName(): string {
  try {
    return userInfo().username
  } catch {
    // A container may run under a user id without an account.
    return String(process.getuid?.() ?? 'unknown')
  }
}

/** Anybody can set the variable: what has not the form of a user's name is left out. Names in a directory may have any letters. */
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
