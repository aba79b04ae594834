import { Command } from 'commander'
import {
  addGrants,
  type GrantsChanged,
  type GrantView,
  listGrants,
  removeGrants
} from '../../tenants/grants.ts'
import { showTenant } from '../../tenants/tenants.ts'
import type { ProcessContext } from '../context.ts'
import {
  type ConfigOptions,
  type ListOptions,
  splitIds,
  withConfigOptions,
  withListOptions
} from '../input/options.ts'
import { print, printPage } from '../output/print.ts'
import { type Column, shortTime } from '../output/table.ts'
import { withStore } from '../with-store.ts'

/** `grant add | remove | list` */
export function grantCommand(context: ProcessContext): Command {
  const noun = new Command('grant').description('which connectors a tenant may use')
  withConfigOptions(withConnectors(noun.command('add').description('grant connectors to a tenant'))).action(
    async (tenant: string, connectors: string[], options: ConfigOptions) => {
      const { granted, held } = await withStore(context, options, async ({ administration, store }) => ({
        granted: await addGrants(administration, tenant, splitIds(connectors)),
        held: (await showTenant(store, tenant)).connectors
      }))
      print(
        context,
        options,
        granted,
        told(granted, 'granted', 'was granted already') + reachedAnyway(granted, held)
      )
    }
  )
  withConfigOptions(
    withConnectors(noun.command('remove').description('take grants back from a tenant'))
  ).action(async (tenant: string, connectors: string[], options: ConfigOptions) => {
    const { removed, held } = await withStore(context, options, async ({ administration, store }) => ({
      removed: await removeGrants(administration, tenant, splitIds(connectors)),
      held: (await showTenant(store, tenant)).connectors
    }))
    print(context, options, removed, told(removed, 'taken back', 'was not granted') + whatStays(tenant, held))
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

/** A connector that is granted where `*` is has no effect of its own as long as that stays. */
function reachedAnyway({ tenant, connectors }: GrantsChanged, held: readonly string[]): string {
  if (!held.includes('*')) return ''
  const single = held.length - 1
  if (connectors.includes('*'))
    return single === 0
      ? ''
      : `${grants(single)} to tenant ${tenant} besides * ${single === 1 ? 'has' : 'have'} no effect while * stays\n`
  return `tenant ${tenant} reaches every connector through *: this has no effect while * stays\n`
}

/** Grants named one by one; more are counted. */
const namedAtMost = 10

function whatStays(tenant: string, held: readonly string[]): string {
  if (held.length === 0) return `tenant ${tenant} reaches no connector now\n`
  const named = held.slice(0, namedAtMost).join(', ')
  const more = held.length > namedAtMost ? ` and ${held.length - namedAtMost} more: see grant list` : ''
  return `tenant ${tenant} still reaches ${named}${more}\n`
}

function grants(count: number): string {
  return count === 1 ? 'the single grant' : `the ${count} single grants`
}

const columns: readonly Column<GrantView>[] = [
  ['CONNECTOR', grant => grant.connector_id],
  ['GRANTED', grant => shortTime(grant.created_at)]
]
