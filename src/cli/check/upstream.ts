import type { Config } from '../../config/config.ts'
import { domainError, type ErrorCode } from '../../contract/error-table.ts'
import { fingerprintKeyOf } from '../../custody/credential-snapshot.ts'
import { viewsOf } from '../../custody/credential-views.ts'
import { ledgerSigner } from '../../custody/crypto/ledger-signer.ts'
import { openRootKey, type StoreKeys } from '../../custody/crypto/root-key.ts'
import type { KeyMaterial } from '../../custody/key-material.ts'
import { fetchMaterial, loadVersion } from '../../custody/load-version.ts'
import { findVersion } from '../../custody/manage/credential-rows.ts'
import { readProven } from '../../custody/manage/manifest.ts'
import { nextVersion } from '../../custody/manage/operations.ts'
import { SynchronousLedger } from '../../ledger/writer/synchronous-ledger.ts'
import { openStore, type Store } from '../../store/store.ts'
import type { ProbeResult } from '../../upstream/probe.ts'
import type { ProcessContext } from '../context.ts'
import type { CredentialFindings } from './credentials.ts'

/** What came of a harmless read with each credential. */
export type UpstreamFindings = readonly (ProbeResult & {
  readonly credential: string
  /** In words. */
  readonly told: string
})[]

type Key = { readonly name: string; readonly version: number; readonly material: KeyMaterial }

/**
 * Asks the upstream with each credential that calls would be made with. It goes through the door, as every call does, so
 * that it is in the ledger: the store must be there and up to date, and its master key known.
 */
export async function checkUpstream(
  { env, administrator: { role, version: program, pid } }: ProcessContext,
  config: Config,
  credentials: CredentialFindings
): Promise<UpstreamFindings> {
  const store = await openStore(config.storeUrl)
  try {
    const keys = openRootKey(store, config.masterKey, env, { environment: config.execEnvironment })
    const { probeUpstream: askUpstream } = await import('../../upstream/probe.ts')
    const ledger = new SynchronousLedger(store, { role, version: program, pid }, ledgerSigner(keys))
    const options = { origin: config.upstreamOrigin, deadlineMs: config.upstreamDeadlineMs, ledger }
    const found: UpstreamFindings[number][] = []
    try {
      for (const key of await keysOf(store, keys, config, env, credentials)) {
        const finding = await askUpstream(key, options)
        key.material.discard()
        found.push({ credential: `${key.name}@${key.version}`, ...finding, told: inWords(finding) })
      }
    } finally {
      ledger.close()
    }
    return found
  } finally {
    store.close()
  }
}

/**
 * The keys of the credentials that open, and of the setting where the store has no `default` of its own. A key that is not the
 * one of the recorded version has the number that the next start gives it: the ledger must not name a key that was not sent.
 */
async function keysOf(
  { raw }: Store,
  keys: StoreKeys,
  config: Config,
  env: ProcessContext['env'],
  credentials: CredentialFindings
): Promise<Key[]> {
  const sources = { env, commands: { environment: config.execEnvironment } }
  const opening = { wrapping: keys.wrapping, fingerprintKey: fingerprintKeyOf(keys) }
  const { records } = readProven(raw, keys)
  const materialOf = (reference: string) => fetchMaterial(reference, opening, sources)
  const views = viewsOf(records, new Date())
  const found: Key[] = []
  for (const { credential: name, version, state } of credentials) {
    const follows = views.some(view => view.credential === name && view.follows_setting)
    const record = findVersion(records, name, version)
    if (state === 'missing' || record === undefined) continue
    const reference = follows ? config.upstreamKey : record.source
    const material =
      reference === 'sealed'
        ? (await loadVersion(record, opening, materialOf)).material
        : await materialOf(reference)
    const isRecorded = material.fingerprint === record.fingerprint
    found.push({ name, version: isRecorded ? version : nextVersion(records, name), material })
  }
  const hasDefault = views.some(({ credential }) => credential === 'default')
  if (!hasDefault && (credentials.length === 0 || !config.upstreamKeyIsDefault))
    found.push({
      name: 'default',
      version: nextVersion(records, 'default'),
      material: await materialOf(config.upstreamKey)
    })
  return found
}

function inWords(finding: ProbeResult): string {
  return finding.echoed
    ? `${ofKey(finding)}; its answer holds the key: rotate it, and tell them`
    : ofKey(finding)
}

function ofKey({ reached, cause, status, key, code }: ProbeResult): string {
  if (!reached) return `the upstream cannot be reached (${cause})`
  if (key === 'accepted') return 'the upstream is reached and takes the key'
  if (key === 'refused') return `the upstream is reached and refuses the key (${status})`
  return `the upstream is reached, and its answer says nothing of the key (${status}, ${code})`
}

/** The key was taken, and not shown. */
export function isWell({ key, echoed }: ProbeResult): boolean {
  return key === 'accepted' && !echoed
}

/** Throws CommandError, exit 1, when a key was not accepted, or was shown. */
export function refuseUnwell(found: UpstreamFindings): void {
  const unwell = found.filter(finding => !isWell(finding))
  if (unwell.length === 0) return
  const detail = unwell.map(({ credential, told }) => `${credential}: ${told}`).join('; ')
  throw domainError(codeOf(unwell), detail)
}

function codeOf(unwell: UpstreamFindings): ErrorCode {
  if (unwell.some(({ key }) => key === 'refused')) return 'credential_refused'
  return unwell.some(({ key }) => key === 'unproven') ? 'upstream_unproven' : 'credential_echoed'
}
