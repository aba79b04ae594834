import { stringify } from 'yaml'
import { type CredentialRows, findVersion } from '../../custody/manage/credential-rows.ts'
import { shownReference } from '../../custody/secrets/reference.ts'
import { settingNames, shownSettings } from '../../tenants/tenant-settings.ts'
import { newTenant, type TenantState } from '../../tenants/tenant-state.ts'
import type { CredentialDocument, StateDocument, TenantDocument } from '../input/state-schema.ts'

/** What a file says first: what it is, and what to do with it. */
const heading =
  '# Tenants and credentials of connector-gateway. connector-gateway apply -f FILE makes them so.\n'

/** A file of state as YAML, the same each time for the same state. */
export function writeState(document: StateDocument): string {
  return heading + stringify(document, { lineWidth: 0 })
}

/**
 * The present state as a file says it, in the order of names. What is at its default is left out, and so is the
 * credential that follows a setting. Of a command the first word stands for the whole: its others may hold a secret.
 */
export function stateDocument(
  tenants: ReadonlyMap<string, TenantState>,
  records: CredentialRows
): StateDocument {
  const credentials = records.credentials
    .filter(({ removed_at, follows_setting }) => removed_at === null && follows_setting === 0)
    .map(({ name, active }): [string, CredentialDocument] => {
      const source = findVersion(records, name, active)?.source ?? 'sealed'
      return [name, source === 'sealed' ? { sealed: true } : { from: shownReference(source) }]
    })
  return {
    tenants: Object.fromEntries([...tenants].map(([name, state]) => [name, tenantDocument(state)])),
    ...(credentials.length > 0 && { credentials: Object.fromEntries(credentials) })
  }
}

function tenantDocument(state: TenantState): TenantDocument {
  const { disabled, connectors } = state
  const [shown, defaults] = [shownSettings(state), shownSettings(newTenant(state.name))]
  const chosen = settingNames.filter(name => String(shown[name]) !== String(defaults[name]))
  return {
    ...(disabled && { disabled }),
    ...Object.fromEntries(chosen.map(name => [name, shown[name]])),
    ...(connectors.length > 0 && { connectors: [...connectors] })
  }
}
