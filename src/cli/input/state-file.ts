import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import type { DesiredState } from '../../admin/desired-state/plan.ts'
import { decodeText } from '../../base/decode-text.ts'
import { schemaCompilerOptions } from '../../base/schema-compiler.ts'
import { ConfigError, type ConfigIssue, schemaIssues } from '../../config/error.ts'
import { isRefusal } from '../../contract/refusal-table.ts'
import { readAddressRanges } from '../../tenants/address-ranges.ts'
import { readConnectorIds } from '../../tenants/grants.ts'
import { readSettings } from '../../tenants/tenant-settings.ts'
import { newTenant, type TenantState } from '../../tenants/tenant-state.ts'
import { readYaml } from './read-yaml.ts'
import { type StateDocument, StateSchema, type TenantDocument } from './state-schema.ts'

/** Reads a state file. Throws ConfigError with all its faults. */
export function readStateFile(file: string): DesiredState {
  // Replaced characters could turn the name of a secret's file into another.
  const read = decodeText(bytesOf(file))
  if ('fault' in read) throw new ConfigError([{ key: file, detail: read.fault }])
  return readState(file, read.text)
}

/** Reads the text of a state file; `name` stands for the whole of it. Throws ConfigError with all its faults. */
export function readState(name: string, text: string): DesiredState {
  const read = readYaml(name, text)
  if ('faults' in read) throw new ConfigError(read.faults)
  const document = withTenantsOfDefaults(read.value)
  const faults = formFaults(name, document)
  faults.push(...addressFaults(document))
  if (faults.length > 0) throw new ConfigError(faults)
  const { tenants, credentials } = document as StateDocument
  return {
    tenants: new Map(byName(tenants).map(([tenant, members]) => [tenant, toState(tenant, members)])),
    credentials:
      credentials === undefined
        ? null
        : new Map(byName(credentials).map(([credential, { from }]) => [credential, from ?? 'sealed']))
  }
}

function bytesOf(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    const detail = `cannot be read (${(error as NodeJS.ErrnoException).code})`
    throw new ConfigError([{ key: file, detail }])
  }
}

function byName<T>(members: Readonly<Record<string, T>>): [name: string, value: T][] {
  return Object.entries(members).sort(([one], [other]) => (one < other ? -1 : 1))
}

/** `acme:` with nothing behind it is a tenant with every default, like `acme: {}`. */
function withTenantsOfDefaults(value: unknown): unknown {
  const tenants = isMapping(value) ? value['tenants'] : undefined
  if (!isMapping(value) || !isMapping(tenants)) return value
  const given = Object.entries(tenants).map(([name, members]) => [name, members ?? {}])
  return { ...value, tenants: Object.fromEntries(given) as Record<string, unknown> }
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const validate = new Ajv({
  ...schemaCompilerOptions,
  allErrors: true,
  strict: false,
  verbose: true
}).compile(StateSchema)

function formFaults(name: string, document: unknown): ConfigIssue[] {
  if (validate(document)) return []
  return schemaIssues(validate.errors, () => 'is not a member, which are: tenants, credentials').map(
    ({ key, detail }) => ({ key: key === '' ? name : key, detail })
  )
}

/** What the schema cannot check. It looks for addresses also in a document of another form, to report all faults at once. */
function addressFaults(document: unknown): ConfigIssue[] {
  const tenants = isMapping(document) ? document['tenants'] : undefined
  return Object.entries(isMapping(tenants) ? tenants : {}).flatMap(([tenant, members]) => {
    const addresses = isMapping(members) ? members['addresses'] : undefined
    if (!Array.isArray(addresses)) return []
    return addresses.flatMap((address: unknown, index) => {
      const detail = typeof address === 'string' && rangeFault(address)
      return detail ? [{ key: `tenants.${tenant}.addresses[${index}]`, detail }] : []
    })
  })
}

function rangeFault(address: string): string | null {
  try {
    readAddressRanges([address])
    return null
  } catch (error) {
    if (!isRefusal(error)) throw error
    return error.message
  }
}

function toState(name: string, members: TenantDocument): TenantState {
  const { disabled = false, connectors = [], ...settings } = members
  return {
    ...newTenant(name),
    ...readSettings(settings),
    disabled,
    connectors: [...readConnectorIds(connectors)]
  }
}
