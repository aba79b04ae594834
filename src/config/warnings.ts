import { statSync } from 'node:fs'
import { platform } from 'node:os'
import type { Config } from './config.ts'
import { type ConfigIssue, describeIssue, locateIssues } from './error.ts'
import type { TlsMaterial } from './tls-files.ts'

/** Warnings about settings that allow a start but may not do what is expected. */
export function settingWarnings(config: Config, tls: TlsMaterial | null, now: Date): string[] {
  const found = [...exposedFiles(config), ...(tls === null ? [] : doubtfulCertificates(tls, now))]
  return [...config.warnings, ...describeWarnings(found, config)]
}

export function describeWarnings(found: readonly ConfigIssue[], { sources }: Config): string[] {
  return found.map(issue => describeIssue(locateIssues(issue, sources)))
}

/** References to secret files that everybody on the machine can read. */
function exposedFiles({ masterKey, upstreamKey, tls }: Config): ConfigIssue[] {
  const references = [
    ['GATEWAY_MASTER_KEY', masterKey],
    ['GATEWAY_UPSTREAM_KEY', upstreamKey],
    ['GATEWAY_TLS_KEY', tls?.key ?? '']
  ] as const
  return references.flatMap(([key, reference]) => {
    const mode = reference.startsWith('file:') ? modeOf(reference.slice('file:'.length)) : 0
    if ((mode & 0o004) === 0) return []
    const shown = (mode & 0o777).toString(8)
    const detail = `${reference} can be read by everybody on this machine (mode ${shown}): chmod 600 it`
    return [{ key, detail }]
  })
}

/** 0 for anything but a file, and on Windows. */
function modeOf(path: string): number {
  if (platform() === 'win32') return 0
  const found = statSync(path, { throwIfNoEntry: false })
  return found?.isFile() ? found.mode : 0
}

/** Certificates that are not valid now, and client authorities that are none: their callers are rejected without a reason. */
function doubtfulCertificates({ certificates }: TlsMaterial, now: Date): ConfigIssue[] {
  return certificates.flatMap(({ setting: key, from, to, isAuthority }) => {
    const wrong = [
      to <= now && `has expired (${to.toISOString()})`,
      from > now && `is not valid before ${from.toISOString()}`,
      key === 'GATEWAY_TLS_CLIENT_CA' &&
        !isAuthority &&
        'is no authority (CA:TRUE): callers whose certificates it signed may be refused'
    ]
    return wrong
      .filter(what => what !== false)
      .map(what => ({ key, detail: `holds a certificate that ${what}` }))
  })
}

export type TenantLookup = (name: string) => { readonly disabled: boolean } | undefined

/** Settings that map callers to tenants that do not exist (yet) or are disabled: these callers get 401. */
export function unknownTenants(
  { clientCertificates, jwtIssuers }: Config,
  tenantNamed: TenantLookup
): ConfigIssue[] {
  const mappings = [
    ...clientCertificates.map(({ tenant }, index) => ({
      key: `GATEWAY_CLIENT_CERTIFICATES[${index}].tenant`,
      tenant
    })),
    ...jwtIssuers.flatMap(({ tenants = {} }, index) =>
      Object.entries(tenants).map(([claim, tenant]) => ({
        key: `GATEWAY_JWT_ISSUERS[${index}].tenants.${claim}`,
        tenant
      }))
    )
  ]
  return mappings.flatMap(({ key, tenant }) => {
    const found = tenantNamed(tenant)
    if (found && !found.disabled) return []
    return [{ key, detail: `leads to tenant ${tenant}, which ${found ? 'is disabled' : 'does not exist'}` }]
  })
}
