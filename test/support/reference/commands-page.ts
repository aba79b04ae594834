import { PassThrough } from 'node:stream'
import type { Command, Option } from 'commander'
import { program } from '../../../src/cli/program.ts'
import { code, page, table } from './markdown.ts'

/** Options that every command, or nearly every one, has: the page says so once. */
const shared = ['--help', '--json', '--config']

/** Every command with its arguments and options. */
export async function commandsPage(): Promise<string> {
  const commands = leavesOf(await commandLine())
  return page(
    'Commands',
    'the command line (`src/cli/`)',
    `\`connector-gateway COMMAND\` where the package is installed, \`npm run -s gateway -- COMMAND\` in a checkout. Every command takes
\`--json\`, which prints JSON, and a failure as a problem object on standard error. Every command but ${withoutConfig(commands)}
takes \`--config FILE\`, which replaces \`gateway.yaml\`. Exit codes: 0 done, 1 refused or broken, 2 could not run (usage,
configuration, store).`,
    table(
      ['command', ''],
      commands.map(({ name, command }) => [code(name), command.description()])
    ),
    ...commands.flatMap(sectionOf)
  )
}

/** The names of the commands that print no JSON. */
export async function commandsWithoutJson(): Promise<string[]> {
  const leaves = leavesOf(await commandLine())
  return leaves.filter(({ command }) => !takes(command, '--json')).map(({ name }) => name)
}

type Leaf = { readonly name: string; readonly command: Command }

/** The commands that do something, each under its full name. */
function leavesOf(command: Command, path: readonly string[] = []): Leaf[] {
  return command.commands.flatMap(child => {
    const name = [...path, child.name()]
    return child.commands.length > 0 ? leavesOf(child, name) : [{ name: name.join(' '), command: child }]
  })
}

function sectionOf({ name, command }: Leaf): string[] {
  const inputs = command.registeredArguments.map(argument => {
    const term = argument.variadic ? `${argument.name()}...` : argument.name()
    return [code(`<${term}>`), argument.description]
  })
  const options = command.options.filter(option => !shared.includes(option.long ?? ''))
  const rows = [
    ...inputs.filter(([, description]) => description !== ''),
    ...options.map(option => [code(option.flags), meaning(option)])
  ]
  const usage = [name, ...inputs.map(([term = '']) => term.replaceAll('`', ''))].join(' ')
  const heading = [`## ${code(name)}`, `${sentence(command.description())}\n\n    connector-gateway ${usage}`]
  return rows.length === 0 ? heading : [...heading, table(['argument or option', ''], rows)]
}

function meaning({
  description,
  mandatory,
  argChoices,
  defaultValue,
  defaultValueDescription
}: Option): string {
  const byDefault = defaultValueDescription ?? (defaultValue === undefined ? undefined : String(defaultValue))
  return [
    description,
    ...(argChoices ? [`(${argChoices.join(', ')})`] : []),
    ...(mandatory ? ['(required)'] : []),
    ...(byDefault === undefined ? [] : [`(default: ${byDefault})`])
  ].join(' ')
}

function withoutConfig(commands: readonly Leaf[]): string {
  const names = commands.filter(({ command }) => !takes(command, '--config')).map(({ name }) => code(name))
  return [names.slice(0, -1).join(', '), names.at(-1)].join(' and ')
}

function takes(command: Command, option: string): boolean {
  return command.options.some(({ long }) => long === option)
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

/** The program as `--help` shows it. No command runs. */
async function commandLine(): Promise<Command> {
  const silent = new PassThrough()
  return await program(
    {
      env: {},
      stdin: silent,
      stdout: silent,
      stderr: silent,
      administrator: { actor: 'cli:nobody', role: 'cli', version: '', pid: 0 },
      interrupted: () => Promise.resolve()
    },
    []
  )
}
