import { Command, CommanderError } from 'commander'
import { checkCommand } from './check.ts'
import { toCommandProblem } from './command-problem.ts'
import { CommandError, type ProcessContext } from './context.ts'
import { demoCommand } from './demo.ts'
import { grantCommand } from './grant.ts'
import { keyCommand } from './key.ts'
import { ledgerCommand } from './ledger.ts'
import { openapiCommand } from './openapi.ts'
import { sandboxCommand } from './sandbox.ts'
import { serveCommand } from './serve.ts'
import { tenantCommand } from './tenant.ts'

/** Runs one command line and resolves to the exit code: 0 done, 1 refused or broken, 2 could not run. */
export async function runCommand(words: readonly string[], context: ProcessContext): Promise<0 | 1 | 2> {
  try {
    await program(context).parseAsync(words, { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0
    const problem = toCommandProblem(error)
    const text = asksForJson(words)
      ? `${JSON.stringify(problem.body)}\n`
      : problem.lines.map(line => `connector-gateway: ${line}\n`).join('')
    context.stderr.write(text)
    return problem.exit
  }
}

function program(context: ProcessContext): Command {
  const root = new Command('connector-gateway')
    .description('Triggers Bigdata.com connector syncs for internal services.')
    .version(context.administrator.version, '-V, --version', 'print the version')
    .addCommand(serveCommand(context))
    .addCommand(checkCommand(context))
    .addCommand(demoCommand(context))
    .addCommand(sandboxCommand(context))
    .addCommand(tenantCommand(context))
    .addCommand(keyCommand(context))
    .addCommand(grantCommand(context))
    .addCommand(ledgerCommand(context))
    .addCommand(openapiCommand(context))
    .addHelpText('after', '\nExit codes: 0 done, 1 refused or broken, 2 could not run.')
  takeOver(root, context)
  return root
}

/** Commander is to throw, not to print failures or end the process: those are told in one place, above. */
function takeOver(command: Command, context: ProcessContext): void {
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
  for (const child of command.commands) takeOver(child, context)
}

function missingCommand(command: Command): CommandError {
  const choices = command.commands.map(child => child.name()).join(', ')
  return new CommandError('usage_invalid', `missing command, one of: ${choices} (or --help)`, 2)
}

function asksForJson(words: readonly string[]): boolean {
  const end = words.indexOf('--')
  return words.slice(0, end === -1 ? words.length : end).includes('--json')
}
