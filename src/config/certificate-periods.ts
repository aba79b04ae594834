import type { ConfigIssue } from './error.ts'
import type { TlsMaterial } from './tls-files.ts'

/** Certificates that are not valid now, whose files can be used otherwise: whoever connects will refuse them, or be refused. */
export function invalidPeriods({ certificates }: TlsMaterial, now: Date): ConfigIssue[] {
  return certificates.flatMap(({ setting: key, from, to }) => {
    if (to <= now) return [{ key, detail: `holds a certificate that has expired (${to.toISOString()})` }]
    if (from > now)
      return [{ key, detail: `holds a certificate that is not valid before ${from.toISOString()}` }]
    return []
  })
}

/** Certificates in the place of an authority's that are none, such as the listener's own: whoever has one by them is refused without a word. */
export function noAuthorities({ certificates }: TlsMaterial): ConfigIssue[] {
  return certificates
    .filter(({ setting, isAuthority }) => setting === 'GATEWAY_TLS_CLIENT_CA' && !isAuthority)
    .map(({ setting: key }) => ({
      key,
      detail:
        'holds a certificate that is no authority (CA:TRUE): callers whose certificates it signed may be refused'
    }))
}
