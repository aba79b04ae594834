import { Command, CommanderError } from 'commander'
import type { DomainError } from '../base/domain-error.ts'
import { domainError, type FailureExit } from '../contract/error-table.ts'
import type { ProcessContext } from './context.ts'
import type { MakeCommand } from './define-command.ts'
import { commandProblem } from './output/error.ts'

/** Runs one command line and resolves to the exit code: 0 done, 1 refused or broken, 2 could not run. */
export async function runCommand(words: readonly string[], context: ProcessContext): Promise<0 | 1 | 2> {
  try {
    const root = await program(context, words)
    await root.parseAsync(words, { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0
    return reportFailure(error, words, context)
  }
}

/** Prints a failure in the form that the command line asks for, and returns the exit code. */
export function reportFailure(
  error: unknown,
  words: readonly string[],
  { stderr }: ProcessContext
): FailureExit {
  const problem = commandProblem(error)
  const text = asksForJson(words)
    ? `${JSON.stringify(problem.body)}\n`
    : problem.lines.map(line => `connector-gateway: ${line}\n`).join('')
  stderr.write(text)
  return problem.exit
}

/** A command's module is loaded only to run it or to list it in the help: `serve` starts in half the time. */
const commands: Readonly<Record<string, () => Promise<MakeCommand>>> = {
  serve: async () => (await import('./commands/serve.ts')).serveCommand,
  check: async () => (await import('./commands/check.ts')).checkCommand,
  demo: async () => (await import('./commands/demo.ts')).demoCommand,
  sandbox: async () => (await import('./commands/sandbox.ts')).sandboxCommand,
  tenant: async () => (await import('./commands/tenant.ts')).tenantCommand,
  key: async () => (await import('./commands/key.ts')).keyCommand,
  'admin-key': async () => (await import('./commands/admin-key.ts')).adminKeyCommand,
  grant: async () => (await import('./commands/grant.ts')).grantCommand,
  credential: async () => (await import('./commands/credential.ts')).credentialCommand,
  apply: async () => (await import('./commands/apply.ts')).applyCommand,
  export: async () => (await import('./commands/export.ts')).exportCommand,
  ledger: async () => (await import('./commands/ledger.ts')).ledgerCommand,
  openapi: async () => (await import('./commands/openapi.ts')).openapiCommand
}

/** The command line, or of it the command that `words` name. */
export async function program(context: ProcessContext, words: readonly string[]): Promise<Command> {
  const root = new Command('connector-gateway')
    .description('Triggers Bigdata.com connector syncs for internal services.')
    .version(context.administrator.version, '-V, --version', 'print the version')
    .addHelpText('after', '\nExit codes: 0 done, 1 refused or broken, 2 could not run.')
  for (const load of neededFor(words[0] ?? '')) root.addCommand((await load())(context))
  overrideExits(root, context)
  return root
}

function neededFor(word: string): readonly (() => Promise<MakeCommand>)[] {
  if (word === '--version' || word === '-V') return []
  const named = Object.hasOwn(commands, word) ? commands[word] : undefined
  return named ? [named] : Object.values(commands)
}

/** Commander throws, and neither prints failures nor ends the process: `reportFailure` prints them all. */
function overrideExits(command: Command, context: ProcessContext): void {
  command
    .configureOutput({
      writeOut: text => context.stdout.write(text),
      writeErr: () => {},
      getOutHelpWidth: () => 100
    })
    .exitOverride(error => {
      const missing = error.code === 'commander.help' && error.exitCode !== 0
      throw missing ? missingCommand(command) : error
    })
  for (const child of command.commands) overrideExits(child, context)
}

function missingCommand(command: Command): DomainError {
  const choices = command.commands.map(child => child.name()).join(', ')
  return domainError('usage_invalid', `missing command, one of: ${choices} (or --help)`)
}

function asksForJson(words: readonly string[]): boolean {
  const end = words.indexOf('--')
  return words.slice(0, end === -1 ? words.length : end).includes('--json')
}
