import { Command } from 'commander'
import { defaultTenantLimits, largestTenantLimit } from '../tenants/tenant-limits.ts'
import {
  createTenant,
  listTenants,
  setTenantDisabled,
  showTenant,
  type TenantDetails,
  type TenantView
} from '../tenants/tenants.ts'
import type { ProcessContext } from './context.ts'
import {
  type ConfigOptions,
  type ListOptions,
  splitIds,
  wholeNumber,
  withConfigOptions,
  withListOptions
} from './options.ts'
import { print, printPage } from './print.ts'
import { withStore } from './store-command.ts'
import { type Column, facts, shortTime } from './table.ts'

type CreateOptions = ConfigOptions & {
  readonly connectors?: string
  readonly rate?: number
  readonly burst?: number
}

/** `tenant create | list | show | disable | enable` */
export function tenantCommand(context: ProcessContext): Command {
  const noun = new Command('tenant').description('the callers of the gateway, their limits and grants')
  addCreate(noun, context)
  withListOptions(noun.command('list').description('list tenants by name')).action(
    async (options: ListOptions) => {
      const page = await withStore(context, options, ({ store }) => listTenants(store, options))
      printPage(context, options, page, columns)
    }
  )
  withConfigOptions(
    noun.command('show').description('show a tenant and all that is granted to it').argument('<name>')
  ).action(async (name: string, options: ConfigOptions) => {
    const tenant = await withStore(context, options, ({ store }) => showTenant(store, name))
    print(context, options, tenant, details(tenant))
  })
  addSwitch(noun, context, 'disable', 'refuse all keys of a tenant from now on')
  addSwitch(noun, context, 'enable', 'let a disabled tenant in again')
  return noun
}

function addCreate(noun: Command, context: ProcessContext): void {
  const limit = wholeNumber(1, largestTenantLimit)
  const create = noun
    .command('create')
    .description('create a tenant; without --connectors nothing is granted to it')
    .argument('<name>', 'a-z, 0-9, ".", "_" and "-", at most 63 characters')
    .option('--connectors <ids>', "connector ids separated by commas, or '*' for all")
    .option('--rate <n>', `calls per minute (default: ${defaultTenantLimits.ratePerMinute})`, limit)
    .option('--burst <n>', `calls that may come at once (default: ${defaultTenantLimits.burst})`, limit)
  withConfigOptions(create).action(async (name: string, options: CreateOptions) => {
    const tenant = await withStore(context, options, ({ administration }) =>
      createTenant(administration, {
        name,
        ratePerMinute: options.rate,
        burst: options.burst,
        connectors: options.connectors === undefined ? [] : splitIds([options.connectors])
      })
    )
    print(context, options, tenant, `Tenant ${name} is created.\n\n${details(tenant)}`)
  })
}

function addSwitch(
  noun: Command,
  context: ProcessContext,
  verb: 'disable' | 'enable',
  description: string
): void {
  withConfigOptions(noun.command(verb).description(description).argument('<name>')).action(
    async (name: string, options: ConfigOptions) => {
      const tenant = await withStore(context, options, ({ administration }) =>
        setTenantDisabled(administration, name, verb === 'disable')
      )
      print(
        context,
        options,
        tenant,
        `Tenant ${name} ${tenant.changed ? 'is' : 'was already'} ${state(tenant)}.\n`
      )
    }
  )
}

const columns: readonly Column<TenantView>[] = [
  ['TENANT', tenant => tenant.tenant],
  ['STATE', state],
  ['PER MINUTE', tenant => String(tenant.rate_per_minute)],
  ['BURST', tenant => String(tenant.burst)]
]

function state(tenant: TenantView): string {
  return tenant.disabled ? 'disabled' : 'enabled'
}

function details(tenant: TenantDetails): string {
  return facts([
    ['tenant', tenant.tenant],
    ['state', tenant.disabled ? `disabled since ${shortTime(tenant.disabled_at)}` : 'enabled'],
    ['created', shortTime(tenant.created_at)],
    ['limit', `${tenant.rate_per_minute} calls per minute, ${tenant.burst} at once`],
    ['connectors', tenant.connectors[0] ?? 'none'],
    ...tenant.connectors.slice(1).map(id => ['', id] as const)
  ])
}
