import { Command } from 'commander'
import type { Head } from '../../ledger/entry/chain.ts'
import { readChainHeads } from '../../ledger/entry/chain-heads.ts'
import type { CliContext, ProcessContext } from '../context.ts'
import { type ConfigOptions, withConfigOptions } from '../input/options.ts'
import { print } from '../output/print.ts'
import { facts } from '../output/table.ts'
import { withLedger } from '../with-ledger.ts'
import { addExport } from './ledger-export.ts'
import { addPrune } from './ledger-prune.ts'
import { addPublicKey } from './ledger-public-key.ts'
import { addList, addShow } from './ledger-search.ts'
import { addVerify } from './ledger-verify.ts'

/** `ledger list | show | verify | head | public-key | export`: read the ledger, never write it. And `ledger prune`. */
export function ledgerCommand(context: ProcessContext): Command {
  const noun = new Command('ledger').description(
    'the record of every call: search, verify, export and prune it'
  )
  addList(noun, context)
  addShow(noun, context)
  addVerify(noun, context)
  addHead(noun, context)
  addPublicKey(noun, context)
  addExport(noun, context)
  addPrune(noun, context)
  return noun
}

function addHead(noun: Command, context: CliContext): void {
  const head = noun
    .command('head')
    .description('print the latest entry of each writer; kept elsewhere, it shows later what was cut off')
  withConfigOptions(head).action(async (options: ConfigOptions) => {
    const heads = await withLedger(context, options, readChainHeads)
    print(context, options, { heads }, heads.map(headFacts).join('\n'))
  })
}

function headFacts({ writer, seq, hash }: Head): string {
  return facts([
    ['writer', writer],
    ['seq', String(seq)],
    ['hash', hash]
  ])
}
