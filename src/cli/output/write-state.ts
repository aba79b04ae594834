import { stringify } from 'yaml'
import { type CredentialRows, findVersion } from '../../custody/manage/credential-rows.ts'
import { shownReference } from '../../custody/secrets/reference.ts'
import { changedSettings, shownSettings, unsetSettings } from '../../tenants/tenant-settings.ts'
import type { TenantState } from '../../tenants/tenant-state.ts'
import type { CredentialDocument, StateDocument, TenantDocument } from '../input/state-schema.ts'

const heading =
  '# Tenants and credentials of connector-gateway. connector-gateway apply -f FILE makes them so.\n'

/** A state file as YAML, the same text each time for the same state. */
export function writeState(document: StateDocument): string {
  return heading + stringify(document, { lineWidth: 0 })
}

/**
 * The current state as a state file, in the order of names, without defaults and without the credential that follows a setting.
 * Of a command only the first word is shown: the others may hold a secret.
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
  const shown = shownSettings(state)
  const chosen = changedSettings(unsetSettings, state)
  return {
    ...(disabled && { disabled }),
    ...Object.fromEntries(chosen.map(name => [name, shown[name]])),
    ...(connectors.length > 0 && { connectors: [...connectors] })
  }
}
