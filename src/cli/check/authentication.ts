import type { Config } from '../../config/config.ts'
import { ConfigError, type ConfigIssue } from '../../config/error.ts'
import { readTlsFiles, type TlsMaterial, tlsMaterial } from '../../config/tls-files.ts'
import { hasCode } from '../../contract/error-table.ts'
import { jwksSource } from '../../identity/jwt/jwks-source.ts'
import type { Notes } from './credentials.ts'

/** What `check` found of TLS and of callers who prove themselves otherwise than by keys. */
export type AuthenticationFindings = {
  /** Null where the public listener speaks plain HTTP. */
  readonly tls: {
    readonly certificate: string
    readonly key: string
    readonly client_authority: string | null
    readonly not_after: string
  } | null
  readonly token_issuers: readonly {
    readonly name: string
    readonly issuer: string
    readonly jwks: string
    readonly algorithms: readonly string[]
    /** How many public keys are in its file; null for a URL, which is not asked. */
    readonly keys: number | null
  }[]
  readonly client_certificates: readonly { readonly name: string; readonly tenant: string }[]
}

/** What was found, and what the TLS files hold. */
export type CheckedAuthentication = {
  readonly findings: AuthenticationFindings
  readonly material: TlsMaterial | null
}

/** Reads what `serve` would read, and adds to what is wrong, and to what is worth saying. */
export async function checkAuthentication(
  config: Config,
  { faults, warnings }: Notes
): Promise<CheckedAuthentication> {
  const material = await checkTls(config, faults)
  const findings = {
    tls: material && tlsFindings(config, material),
    token_issuers: await Promise.all(
      config.tokenIssuers.map(async ({ name, issuer, jwks, algorithms }, index) => {
        const key = `GATEWAY_JWT_ISSUERS[${index}].jwks`
        const keys = jwks.startsWith('file:') ? await checkKeyFile(jwks, key, faults) : null
        if (keys === 0)
          warnings.push({ key, detail: 'holds no key that is used: every token of this issuer is refused' })
        return { name, issuer, jwks, algorithms, keys }
      })
    ),
    client_certificates: config.clientCertificates.map(mapping => ({
      name: 'sanUri' in mapping ? mapping.sanUri : mapping.subject,
      tenant: mapping.tenant
    }))
  }
  return { findings, material }
}

function tlsFindings({ tls }: Config, { validTo }: TlsMaterial): AuthenticationFindings['tls'] {
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

async function checkKeyFile(place: string, key: string, faults: ConfigIssue[]): Promise<number | null> {
  try {
    const { parseJwks: parseKeySet } = await import('../../identity/jwt/parse-jwks.ts')
    return parseKeySet(await jwksSource(place).read()).keys.length
  } catch (error) {
    if (!hasCode(error, 'jwks_unavailable')) throw error
    faults.push({ key, detail: error.message })
    return null
  }
}

/** The findings for people: pairs of what and which. */
export function authenticationFacts({
  tls,
  token_issuers,
  client_certificates
}: AuthenticationFindings): [string, string][] {
  return [
    ...(tls ? [['TLS certificate', `${tls.certificate} (until ${tls.not_after})`] as [string, string]] : []),
    ...(tls?.client_authority ? [['client authority', tls.client_authority] as [string, string]] : []),
    ...token_issuers.map(({ name, jwks, keys }): [string, string] => [
      `issuer ${name}`,
      keys === null ? `${jwks} (not asked)` : `${jwks} (${keys} keys)`
    ]),
    ...client_certificates.map(({ name, tenant }): [string, string] => [`tenant ${tenant}`, name])
  ]
}
