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
import { defineNoun, defineStoreCommand, type MakeCommand } from '../define-command.ts'
import { nameMeaning, pageOptions } from '../input/options.ts'
import { desiredSettings, tenantOptions } from '../input/tenant-options.ts'
import { pageText } from '../output/print.ts'
import { keyValueLines, shortTime } from '../output/table.ts'

const create = defineStoreCommand({
  usage: 'create <name>',
  summary: tenantOperations.createTenant.summary,
  meanings: nameMeaning,
  options: tenantOptions('create'),
  run: ({ administration }, options, name) =>
    createTenant(administration, { name, ...desiredSettings(options) }),
  text: tenant => `Tenant ${tenant.tenant} is created.\n\n${details(tenant)}`
})

const update = defineStoreCommand({
  usage: 'update <name>',
  summary: 'change settings of a tenant; --connectors replaces all its grants',
  options: tenantOptions('update'),
  run({ administration }, options, name) {
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

const list = defineStoreCommand({
  usage: 'list',
  summary: tenantOperations.listTenants.summary,
  options: pageOptions,
  run: ({ store }, page) => listTenants(store, page),
  text: page =>
    pageText(page, [
      ['TENANT', tenant => tenant.tenant],
      ['STATE', ({ disabled }) => (disabled ? 'disabled' : 'enabled')],
      ['PER MINUTE', tenant => String(tenant.rate_per_minute)],
      ['BURST', tenant => String(tenant.burst)]
    ])
})

const show = defineStoreCommand({
  usage: 'show <name>',
  summary: tenantOperations.showTenant.summary,
  run: ({ store }, _, name) => showTenant(store, name),
  text: details
})

function toggle(verb: 'disable' | 'enable', summary: string): MakeCommand {
  return defineStoreCommand({
    usage: `${verb} <name>`,
    summary,
    run: ({ administration }, _, name) => setTenantDisabled(administration, name, verb === 'disable'),
    text: tenant =>
      `Tenant ${tenant.tenant} ${tenant.changed ? `is ${verb}d` : `was already ${state(tenant)}`}.\n`
  })
}

export const tenantCommand = defineNoun('tenant', 'the callers of the gateway, their limits and grants', [
  create,
  update,
  list,
  show,
  toggle('disable', 'refuse all keys of a tenant from now on'),
  toggle('enable', 'admit a disabled tenant again')
])

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
