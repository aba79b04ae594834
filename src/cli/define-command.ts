import type { DatabaseSync } from 'node:sqlite'
import { Command } from 'commander'
import type { CliContext, ProcessContext } from './context.ts'
import { type ConfigOptions, withConfigOptions } from './input/options.ts'
import { print } from './output/print.ts'
import { withLedger } from './with-ledger.ts'
import { type OpenedStore, withStore } from './with-store.ts'

type Definition<Inputs extends unknown[], Result> = {
  /** The name and the arguments, e.g. `show <name>`. */
  readonly usage: string
  /** That of the operation of the admin API, where one does the same. */
  readonly summary: string
  /** Adds arguments that need a description, and options. */
  readonly declare?: (command: Command) => Command
  /** Gets what it works on, its options and its arguments. */
  readonly run: (...inputs: [...Inputs, ...words: string[]]) => Result | Promise<Result>
  /** What programs get; the result itself when absent. */
  readonly json?: (result: Result) => unknown
  /** What people get. */
  readonly text: (result: Result) => string
  /** Throws where the result, once printed, is a failure. */
  readonly judge?: (result: Result) => void
}

/** A command that reads the configuration: with `--config` and `--json`. */
export function defineCommand<Result, Options extends ConfigOptions = ConfigOptions>(
  context: CliContext,
  { usage, summary, declare, run, json, text, judge }: Definition<[options: Options], Result>
): Command {
  const [name = '', ...words] = usage.split(' ')
  const command = new Command(name).description(summary.charAt(0).toLowerCase() + summary.slice(1))
  for (const word of words) command.argument(word)
  return withConfigOptions(declare?.(command) ?? command).action(async () => {
    const options = command.opts<Options>()
    const result = await run(options, ...command.args)
    print(context, options, json ? json(result) : result, text(result))
    judge?.(result)
  })
}

/** A command that works on the store. */
export function defineStoreCommand<Result, Options extends ConfigOptions = ConfigOptions>(
  context: ProcessContext,
  { run, ...definition }: Definition<[opened: OpenedStore, options: Options], Result>
): Command {
  return defineCommand<Result, Options>(context, {
    ...definition,
    run: (options, ...words) => withStore(context, options, async opened => run(opened, options, ...words))
  })
}

/** A command that reads the ledger and writes nothing. */
export function defineLedgerCommand<Result, Options extends ConfigOptions = ConfigOptions>(
  context: CliContext,
  { run, ...definition }: Definition<[database: DatabaseSync, options: Options], Result>
): Command {
  return defineCommand<Result, Options>(context, {
    ...definition,
    run: (options, ...words) => withLedger(context, options, database => run(database, options, ...words))
  })
}
