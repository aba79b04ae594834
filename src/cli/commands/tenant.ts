import { Command } from 'commander'
import { domainError } from '../../contract/error-table.ts'
import {
  createTenant,
  listTenants,
  setTenantDisabled,
  showTenant,
  type TenantDetails,
  type TenantView,
  updateTenant
} from '../../tenants/tenants.ts'
import type { ProcessContext } from '../context.ts'
import { type ConfigOptions, type ListOptions, withConfigOptions, withListOptions } from '../input/options.ts'
import { desiredSettings, type TenantOptions, withTenantOptions } from '../input/tenant-options.ts'
import { print, printPage } from '../output/print.ts'
import { type Column, facts, shortTime } from '../output/table.ts'
import { withStore } from '../with-store.ts'

/** `tenant create | update | list | show | disable | enable` */
export function tenantCommand(context: ProcessContext): Command {
  const noun = new Command('tenant').description('the callers of the gateway, their limits and grants')
  addCreate(noun, context)
  addUpdate(noun, context)
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
  const create = noun
    .command('create')
    .description('create a tenant; without --connectors nothing is granted to it')
    .argument('<name>', 'a-z, 0-9, ".", "_" and "-", at most 63 characters')
  withTenantOptions(create, 'create').action(async (name: string, options: TenantOptions) => {
    const tenant = await withStore(context, options, ({ administration }) =>
      createTenant(administration, { name, ...desiredSettings(options) })
    )
    print(context, options, tenant, `Tenant ${name} is created.\n\n${details(tenant)}`)
  })
}

function addUpdate(noun: Command, context: ProcessContext): void {
  const update = noun
    .command('update')
    .description('change what is named of a tenant; --connectors takes the place of all grants')
    .argument('<name>')
  withTenantOptions(update, 'update').action(async (name: string, options: TenantOptions) => {
    const wanted = desiredSettings(options)
    if (Object.values(wanted).every(value => value === undefined))
      throw domainError('usage_invalid', 'nothing to change: name an option, such as --rate')
    const tenant = await withStore(context, options, ({ administration }) =>
      updateTenant(administration, name, wanted)
    )
    const told = tenant.changed.length > 0 ? `is changed: ${tenant.changed.join(', ')}` : 'was so already'
    print(context, options, tenant, `Tenant ${name} ${told}.\n\n${details(tenant)}`)
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
        `Tenant ${name} ${tenant.changed ? `is ${state(tenant)}` : `was already ${stateSince(tenant)}`}.\n`
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

function stateSince(tenant: TenantView): string {
  return tenant.disabled ? `disabled, since ${shortTime(tenant.disabled_at)}` : 'enabled'
}

function details(tenant: TenantDetails): string {
  return facts([
    ['tenant', tenant.tenant],
    ['state', tenant.disabled ? `disabled since ${shortTime(tenant.disabled_at)}` : 'enabled'],
    ['created', shortTime(tenant.created_at)],
    ['limit', `${tenant.rate_per_minute} calls per minute, ${tenant.burst} at once`],
    ['operations', tenant.operations.join(', ') || 'none'],
    ['addresses', tenant.addresses?.join(', ') ?? 'any'],
    ['credentials', tenant.credentials.join(', ')],
    ['connectors', tenant.connectors[0] ?? 'none'],
    ...tenant.connectors.slice(1).map(id => ['', id] as const)
  ])
}
