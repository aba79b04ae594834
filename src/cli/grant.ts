import { Command } from 'commander'
import { addGrants, type GrantsChanged, type GrantView, listGrants, removeGrants } from '../tenants/grants.ts'
import type { ProcessContext } from './context.ts'
import {
  type ConfigOptions,
  type ListOptions,
  splitIds,
  withConfigOptions,
  withListOptions
} from './options.ts'
import { print, printPage } from './print.ts'
import { withStore } from './store-command.ts'
import { type Column, shortTime } from './table.ts'

/** `grant add | remove | list` */
export function grantCommand(context: ProcessContext): Command {
  const noun = new Command('grant').description('which connectors a tenant may use')
  withConfigOptions(withConnectors(noun.command('add').description('grant connectors to a tenant'))).action(
    async (tenant: string, connectors: string[], options: ConfigOptions) => {
      const granted = await withStore(context, options, ({ administration }) =>
        addGrants(administration, tenant, splitIds(connectors))
      )
      print(context, options, granted, told(granted, 'granted', 'was granted already'))
    }
  )
  withConfigOptions(
    withConnectors(noun.command('remove').description('take grants back from a tenant'))
  ).action(async (tenant: string, connectors: string[], options: ConfigOptions) => {
    const removed = await withStore(context, options, ({ administration }) =>
      removeGrants(administration, tenant, splitIds(connectors))
    )
    print(context, options, removed, told(removed, 'taken back', 'was not granted'))
  })
  withListOptions(
    noun.command('list').description('list what is granted to a tenant').argument('<tenant>')
  ).action(async (tenant: string, options: ListOptions) => {
    const page = await withStore(context, options, ({ store }) => listGrants(store, tenant, options))
    printPage(context, options, page, columns)
  })
  return noun
}

function withConnectors(command: Command): Command {
  return command.argument('<tenant>').argument('<connectors...>', "connector ids, or '*' for all")
}

function told(result: GrantsChanged, done: string, already: string): string {
  return result.connectors.map(id => `${id} ${result.changed.includes(id) ? done : already}\n`).join('')
}

const columns: readonly Column<GrantView>[] = [
  ['CONNECTOR', grant => grant.connector_id],
  ['GRANTED', grant => shortTime(grant.created_at)]
]
