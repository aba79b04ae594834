import type { Config } from '../../config/config.ts'
import { ConfigError, type ConfigIssue } from '../../config/error.ts'
import { readTlsFiles, type TlsMaterial, tlsMaterial } from '../../config/tls-files.ts'
import { hasCode } from '../../contract/error-table.ts'
import { jwksSource } from '../../identity/jwt/jwks-source.ts'
import type { Notes } from './notes.ts'

/** What `check` found of TLS, and of callers who authenticate by tokens and certificates. */
export type AuthenticationFindings = Awaited<ReturnType<typeof checkAuthentication>>['findings']

/** Reads what `serve` would read: the findings, and what the TLS files hold. Adds to the notes. */
export async function checkAuthentication(config: Config, { faults, warnings }: Notes) {
  const material = await checkTls(config, faults)
  const issuers = config.jwtIssuers.map(async ({ name, issuer, jwks, algorithms }, index) => {
    const key = `GATEWAY_JWT_ISSUERS[${index}].jwks`
    // A URL is not fetched.
    const keys = jwks.startsWith('file:') ? await countKeys(jwks, key, faults) : null
    if (keys === 0)
      warnings.push({ key, detail: 'holds no usable key: every token of this issuer is refused' })
    return { name, issuer, jwks, algorithms, keys }
  })
  const findings = {
    tls: material && tlsFindings(config, material),
    token_issuers: await Promise.all(issuers),
    client_certificates: config.clientCertificates.map(mapping => ({
      name: mapping.san_uri ?? mapping.subject ?? '',
      tenant: mapping.tenant
    }))
  }
  return { findings, material }
}

/** Null where the public listener speaks plain HTTP. */
function tlsFindings({ tls }: Config, { validTo }: TlsMaterial) {
  if (tls === null) return null
  const { certificate, key, clientAuthority } = tls
  return { certificate, key, client_authority: clientAuthority, not_after: validTo.toISOString() }
}

async function checkTls({ tls }: Config, faults: ConfigIssue[]): Promise<TlsMaterial | null> {
  if (tls === null) return null
  try {
    return tlsMaterial(await readTlsFiles(tls))
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    faults.push(...error.faults)
    return null
  }
}

async function countKeys(source: string, key: string, faults: ConfigIssue[]): Promise<number | null> {
  try {
    const { parseJwks } = await import('../../identity/jwt/parse-jwks.ts')
    return parseJwks(await jwksSource(source).read()).keys.length
  } catch (error) {
    if (!hasCode(error, 'jwks_unavailable')) throw error
    faults.push({ key, detail: error.message })
    return null
  }
}

/** The findings for people, as names and values. */
export function authenticationFacts(findings: AuthenticationFindings): (readonly [string, string])[] {
  const { tls, token_issuers, client_certificates } = findings
  const pairs: (readonly [string, string])[] = []
  if (tls) pairs.push(['TLS certificate', `${tls.certificate} (until ${tls.not_after})`])
  if (tls?.client_authority) pairs.push(['client authority', tls.client_authority])
  for (const { name, jwks, keys } of token_issuers)
    pairs.push([`issuer ${name}`, `${jwks} (${keys === null ? 'not asked' : `${keys} keys`})`])
  for (const { name, tenant } of client_certificates) pairs.push([`tenant ${tenant}`, name])
  return pairs
}
