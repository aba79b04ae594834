import { Command } from 'commander'
import type { ProcessContext } from './context.ts'
import {
  type ConfigOptions,
  configOptions,
  type Declarations,
  optionsOf,
  outputOptions
} from './input/options.ts'
import { print } from './output/print.ts'
import { type OpenedLedger, withLedger } from './with-ledger.ts'
import type { OpenedStore } from './with-store.ts'

/** Makes a command for the process that runs it. */
export type MakeCommand = (context: ProcessContext) => Command

type Definition<Target, Values, Result> = {
  /** The name and the arguments, e.g. `show <name>`. */
  readonly usage: string
  /** That of the operation of the admin API, where one does the same. */
  readonly summary: string
  /** What arguments mean, where their names do not say it. */
  readonly meanings?: Readonly<Record<string, string>>
  readonly options?: Declarations<Values>
  /** False for a command without `--config`. */
  readonly readsConfig?: false
  /** Gets what it works on, its options and its arguments. */
  readonly run: (
    target: Target,
    options: Values & ConfigOptions,
    ...words: string[]
  ) => Result | Promise<Result>
  /** What programs get; the result itself when absent. */
  readonly json?: (result: Result) => unknown
  /** What people get. When absent, `run` prints by itself. */
  readonly text?: (result: Result) => string
  /** Throws where the result, once printed, is a failure. */
  readonly judge?: (result: Result) => void
}

/** A command with `--config` and `--json`. */
export function defineCommand<Result, Values>(
  definition: Definition<ProcessContext, Values, Result>
): MakeCommand {
  const { usage, summary, meanings = {}, options, readsConfig = true, run, json, text, judge } = definition
  return context => {
    const [name = '', ...words] = usage.split(' ')
    const command = new Command(name).description(summary.charAt(0).toLowerCase() + summary.slice(1))
    for (const word of words) command.argument(word, meanings[word])
    const declared = { ...options, ...(readsConfig && configOptions), ...outputOptions }
    for (const option of optionsOf(declared)) command.addOption(option)
    return command.action(async () => {
      const given = command.opts<Values & ConfigOptions>()
      const result = await run(context, given, ...command.args)
      if (text) print(context, given, json ? json(result) : result, text(result))
      judge?.(result)
    })
  }
}

/** A command that works on the store. */
export function defineStoreCommand<Result, Values>({
  run,
  ...definition
}: Definition<OpenedStore, Values, Result>): MakeCommand {
  return defineCommand({
    ...definition,
    async run(context, options, ...words) {
      // Loaded here: commands that only read the ledger start faster without it.
      const { withStore } = await import('./with-store.ts')
      return await withStore(context, options, async opened => run(opened, options, ...words))
    }
  })
}

/** A command that reads the ledger and writes nothing. */
export function defineLedgerCommand<Result, Values>({
  run,
  ...definition
}: Definition<OpenedLedger, Values, Result>): MakeCommand {
  return defineCommand({
    ...definition,
    run: (context, options, ...words) =>
      withLedger(context, options, opened => run(opened, options, ...words))
  })
}

/** A noun with its commands. */
export function defineNoun(name: string, summary: string, commands: readonly MakeCommand[]): MakeCommand {
  return context => {
    const noun = new Command(name).description(summary)
    for (const command of commands) noun.addCommand(command(context))
    return noun
  }
}
