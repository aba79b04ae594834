import { Command } from 'commander'
import { tenantOperations } from '../../admin/operations/tenants.ts'
import { domainError } from '../../contract/error-table.ts'
import type { TenantDetails, TenantView } from '../../tenants/tenant-schemas.ts'
import {
  createTenant,
  listTenants,
  setTenantDisabled,
  showTenant,
  updateTenant
} from '../../tenants/tenants.ts'
import type { ProcessContext } from '../context.ts'
import { defineStoreCommand } from '../define-command.ts'
import { type ListOptions, withPageOptions } from '../input/options.ts'
import { desiredSettings, type TenantOptions, withTenantOptions } from '../input/tenant-options.ts'
import { pageText } from '../output/print.ts'
import { keyValueLines, shortTime } from '../output/table.ts'

/** `tenant create | update | list | show | disable | enable` */
export function tenantCommand(context: ProcessContext): Command {
  const list = defineStoreCommand(context, {
    usage: 'list',
    summary: tenantOperations.listTenants.summary,
    declare: withPageOptions,
    run: ({ store }, page: ListOptions) => listTenants(store, page),
    text: page =>
      pageText(page, [
        ['TENANT', tenant => tenant.tenant],
        ['STATE', ({ disabled }) => (disabled ? 'disabled' : 'enabled')],
        ['PER MINUTE', tenant => String(tenant.rate_per_minute)],
        ['BURST', tenant => String(tenant.burst)]
      ])
  })
  const show = defineStoreCommand(context, {
    usage: 'show <name>',
    summary: tenantOperations.showTenant.summary,
    run: ({ store }, _, name) => showTenant(store, name),
    text: details
  })
  return new Command('tenant')
    .description('the callers of the gateway, their limits and grants')
    .addCommand(create(context))
    .addCommand(update(context))
    .addCommand(list)
    .addCommand(show)
    .addCommand(toggle(context, 'disable', 'refuse all keys of a tenant from now on'))
    .addCommand(toggle(context, 'enable', 'admit a disabled tenant again'))
}

function create(context: ProcessContext): Command {
  return defineStoreCommand(context, {
    usage: 'create',
    summary: tenantOperations.createTenant.summary,
    declare: command =>
      withTenantOptions(
        command.argument('<name>', 'a-z, 0-9, ".", "_" and "-", at most 63 characters'),
        'create'
      ),
    run: ({ administration }, options: TenantOptions, name) =>
      createTenant(administration, { name, ...desiredSettings(options) }),
    text: tenant => `Tenant ${tenant.tenant} is created.\n\n${details(tenant)}`
  })
}

function update(context: ProcessContext): Command {
  return defineStoreCommand(context, {
    usage: 'update <name>',
    summary: 'change settings of a tenant; --connectors replaces all its grants',
    declare: command => withTenantOptions(command, 'update'),
    run({ administration }, options: TenantOptions, name) {
      const desired = desiredSettings(options)
      if (Object.values(desired).every(value => value === undefined))
        throw domainError('usage_invalid', 'nothing to change: give an option, such as --rate')
      return updateTenant(administration, name, desired)
    },
    text(tenant) {
      const { changed } = tenant
      const outcome = changed.length > 0 ? `is changed: ${changed.join(', ')}` : 'had these settings already'
      return `Tenant ${tenant.tenant} ${outcome}.\n\n${details(tenant)}`
    }
  })
}

function toggle(context: ProcessContext, verb: 'disable' | 'enable', summary: string): Command {
  return defineStoreCommand(context, {
    usage: `${verb} <name>`,
    summary,
    run: ({ administration }, _, name) => setTenantDisabled(administration, name, verb === 'disable'),
    text: tenant =>
      `Tenant ${tenant.tenant} ${tenant.changed ? `is ${verb}d` : `was already ${state(tenant)}`}.\n`
  })
}

function state({ disabled, disabled_at }: TenantView): string {
  return disabled ? `disabled since ${shortTime(disabled_at)}` : 'enabled'
}

function details(tenant: TenantDetails): string {
  return keyValueLines([
    ['tenant', tenant.tenant],
    ['state', state(tenant)],
    ['created', shortTime(tenant.created_at)],
    ['limit', `${tenant.rate_per_minute} calls per minute, ${tenant.burst} at once`],
    ['operations', tenant.operations.join(', ') || 'none'],
    ['addresses', tenant.addresses?.join(', ') ?? 'any'],
    ['credentials', tenant.credentials.join(', ')],
    ['connectors', tenant.connectors[0] ?? 'none'],
    ...tenant.connectors.slice(1).map(id => ['', id] as const)
  ])
}
