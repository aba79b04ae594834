import type { Config } from '../../config/config.ts'
import type { InspectedMasterKey } from '../../custody/crypto/root-key.ts'
import { missingEntriesRemedy } from '../../ledger/writer/missing-entries.ts'
import type { InspectedStore } from '../../store/sqlite/inspect-store.ts'
import { counted, keyValueLines } from '../output/table.ts'
import { type AuthenticationFindings, authenticationFacts } from './authentication.ts'
import type { CredentialFinding } from './credentials.ts'
import { isAccepted, type UpstreamFindings } from './upstream.ts'

/** What `check` found where `serve` would start. Secrets appear as references only. */
export type Findings = {
  /** False when acknowledged entries are missing from the ledger, or the upstream was asked and does not accept every key. */
  readonly ok: boolean
  readonly listeners: { readonly public: string; readonly admin: string }
  readonly docs: Config['docs']
  readonly store: {
    readonly path: string
    readonly state: InspectedStore['state']
    readonly tenants: number
    readonly keys: number
  }
  readonly upstream: { readonly origin: string; readonly key: string; readonly asked?: UpstreamFindings }
  readonly credentials: readonly CredentialFinding[]
  readonly master_key: string
  readonly master_key_state: InspectedMasterKey['state']
  readonly callers: AuthenticationFindings
  readonly warnings: readonly string[]
}

const masterKeyStates: Readonly<Record<Findings['master_key_state'], string>> = {
  fits: 'fits the store',
  taken_at_first_start: 'taken at the first start',
  made_at_first_start: 'not there yet: made at the first start'
}

const credentialStates: Readonly<Record<CredentialFinding['state'], string>> = {
  opens: 'opens',
  other_key: 'gives another key now',
  missing: 'does not open'
}

/** The findings for people. */
export function formatFindings(findings: Findings): string {
  const { listeners, docs, upstream, credentials, master_key, master_key_state, callers } = findings
  const found = keyValueLines([
    ['public listener', listeners.public],
    ['admin listener', listeners.admin],
    ['docs', docs === 'off' ? 'off' : `on the ${docs} listener`],
    ['store', storeText(findings.store)],
    ['upstream', upstream.origin],
    ['upstream key', upstream.key],
    ...credentials.map(
      ({ credential, version, source, state }) =>
        ['credential', `${credential}@${version}, ${source} (${credentialStates[state]})`] as const
    ),
    ['master key', `${master_key} (${masterKeyStates[master_key_state]})`],
    ...authenticationFacts(callers),
    ...(upstream.asked ?? []).map(({ credential, told }) => ['asked', `${credential}: ${told}`] as const)
  ])
  return `${found}${findings.warnings.map(warning => `warning: ${warning}\n`).join('')}\n${conclusion(findings)}\n`
}

function storeText({ path, state, tenants, keys }: Findings['store']): string {
  if (state === 'absent') return `${path} (not there yet: made at the first start)`
  const held = `${counted(tenants, 'tenant')}, ${counted(keys, 'key')}`
  return `${path} (${held}${state === 'earlier' ? '; brought up to date at the next start' : ''})`
}

function conclusion({ ok, warnings, upstream: { asked = [] } }: Findings): string {
  if (ok) return warnings.length === 0 ? 'All checks passed.' : 'All checks passed, with warnings.'
  return asked.every(isAccepted)
    ? `The ledger is incomplete: ${missingEntriesRemedy}.`
    : 'The upstream does not accept our calls.'
}
