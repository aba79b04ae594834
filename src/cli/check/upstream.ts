import type { Config } from '../../config/config.ts'
import { domainError, type ErrorCode } from '../../contract/error-table.ts'
import { viewsOf } from '../../custody/credential-views.ts'
import { findVersion, nextVersion } from '../../custody/manage/credential-rows.ts'
import type { ProbeResult } from '../../upstream/probe.ts'
import type { KeyToVerify } from '../../upstream/verify-credential.ts'
import type { ProcessContext } from '../context.ts'
import type { ConfigOptions } from '../input/options.ts'
import { withStore, withUpstream } from '../with-store.ts'
import { type CredentialFinding, type OpenCredentials, openCredentials } from './credentials.ts'

/** What came of a harmless read with each credential. */
export type UpstreamFindings = readonly (ProbeResult & {
  readonly credential: string
  /** In words. */
  readonly told: string
})[]

/**
 * Asks the upstream with each credential that calls would be made with. Each read is in the ledger, as every call is: the
 * store must be there and up to date, and its master key known.
 */
export async function checkUpstream(
  context: ProcessContext,
  options: ConfigOptions,
  credentials: readonly CredentialFinding[]
): Promise<UpstreamFindings> {
  const { probeUpstream } = await import('../../upstream/probe.ts')
  return await withStore(context, options, async opened => {
    const { config, store, masterKey } = opened
    const sources = { env: context.env, commands: { environment: config.execEnvironment } }
    const credentialKeys = openCredentials(store.raw, await masterKey(), sources)
    return await withUpstream(opened, async upstream => {
      const found: UpstreamFindings[number][] = []
      for (const key of await keysOf(credentialKeys, config, credentials)) {
        const finding = await probeUpstream(key, upstream)
        key.material.discard()
        found.push({ credential: `${key.name}@${key.version}`, ...finding, told: inWords(finding) })
      }
      return found
    })
  })
}

/**
 * The keys of the credentials that open, and of the setting where the store has no `default` of its own. A key that is not the
 * recorded one has the version that the next start gives it: the ledger must not name a key that was not sent.
 */
async function keysOf(
  { records, fetchKey, load }: OpenCredentials,
  { upstreamKey, upstreamKeyIsDefault }: Config,
  credentials: readonly CredentialFinding[]
): Promise<KeyToVerify[]> {
  const views = viewsOf(records, new Date())
  const found: KeyToVerify[] = []
  for (const { credential: name, version, state } of credentials) {
    const record = findVersion(records, name, version)
    if (state === 'missing' || record === undefined) continue
    const follows = views.some(view => view.credential === name && view.follows_setting)
    const reference = follows ? upstreamKey : record.source
    const material = reference === 'sealed' ? await load(record) : await fetchKey(reference)
    const isRecorded = material.fingerprint === record.fingerprint
    found.push({ name, version: isRecorded ? version : nextVersion(records, name), material })
  }
  const hasDefault = views.some(({ credential }) => credential === 'default')
  if (!hasDefault && (credentials.length === 0 || !upstreamKeyIsDefault)) {
    const material = await fetchKey(upstreamKey)
    found.push({ name: 'default', version: nextVersion(records, 'default'), material })
  }
  return found
}

function inWords(finding: ProbeResult): string {
  const leak = finding.echoed
    ? '; its answer contains the key: rotate it, and report the leak to the upstream'
    : ''
  return verdictOn(finding) + leak
}

function verdictOn({ reached, cause, status, key, code }: ProbeResult): string {
  if (!reached) return `the upstream cannot be reached (${cause})`
  if (key === 'accepted') return 'the upstream accepts the key'
  if (key === 'refused') return `the upstream refuses the key (${status})`
  return `the upstream answers, but says nothing about the key (${status}, ${code})`
}

/** Whether the upstream accepted the key and did not leak it. */
export function isAccepted({ key, echoed }: ProbeResult): boolean {
  return key === 'accepted' && !echoed
}

/** Throws DomainError when a key was not accepted, or was leaked. */
export function requireAccepted(found: UpstreamFindings): void {
  const failed = found.filter(finding => !isAccepted(finding))
  if (failed.length === 0) return
  const detail = failed.map(({ credential, told }) => `${credential}: ${told}`).join('; ')
  throw domainError(codeOf(failed), detail)
}

function codeOf(failed: UpstreamFindings): ErrorCode {
  if (failed.some(({ key }) => key === 'refused')) return 'credential_refused'
  return failed.some(({ key }) => key === 'unproven') ? 'upstream_unproven' : 'credential_echoed'
}
