import { type Static, Type } from '@sinclair/typebox'
import { normalName } from '../base/distinguished-name.ts'
import { isLoopback } from '../base/loopback.ts'
import { nameForm, strict } from '../contract/schemas.ts'
import type { ConfigIssue } from './error.ts'
import type { TlsFiles } from './tls-files.ts'

const TenantName = Type.String({
  pattern: nameForm,
  description: "a tenant's name: a-z, 0-9, dot, underscore, hyphen"
})
/** Asymmetric ones alone: with a shared secret whoever can verify can also forge. */
const algorithms = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']
]
const text = (description: string) => Type.String({ minLength: 1, maxLength: 2048, description })

const JwtIssuer = Type.Object(
  {
    name: Type.String({
      pattern: '^[a-z0-9][a-z0-9._-]{0,59}$',
      description: 'a name of at most 60 characters: a-z, 0-9, dot, underscore, hyphen'
    }),
    issuer: text("the text of the tokens' iss"),
    audience: text("the text that has to be in the tokens' aud"),
    jwks: text('an https URL (http only for a loopback address), or file:PATH'),
    algorithms: Type.Array(
      Type.Unsafe<string>({
        type: 'string',
        enum: algorithms,
        description: `one of ${algorithms.join(', ')}`
      }),
      { minItems: 1, uniqueItems: true, description: 'a list of one or more different algorithms' }
    ),
    tenant_claim: Type.Optional(text('the name of a claim')),
    tenants: Type.Optional(
      Type.Unsafe<Record<string, string>>({
        type: 'object',
        additionalProperties: TenantName,
        description: 'a mapping of values of the claim to names of tenants'
      })
    )
  },
  { ...strict, description: 'a mapping with name, issuer, audience, jwks and algorithms' }
)

const ClientCertificate = Type.Object(
  {
    san_uri: Type.Optional(
      Type.String({ pattern: '^[A-Za-z][A-Za-z0-9+.-]*:[\\x21-\\x7e]+$', description: 'a URI' })
    ),
    subject: Type.Optional(text('a distinguished name, e.g. CN=billing,O=Acme')),
    tenant: TenantName
  },
  { ...strict, description: 'a mapping with tenant and either san_uri or subject' }
)

const FileReference = Type.String({
  default: '',
  pattern: '^(file:.+)?$',
  description: 'a reference to a PEM file, file:PATH'
})
const list = { default: [], maxItems: 1000 }

/** Settings of authentication by other means than API keys, and of TLS, which some of that needs. */
export const authenticationSettings = {
  GATEWAY_JWT_ISSUERS: Type.Array(JwtIssuer, {
    ...list,
    description:
      'a list of issuers (in the environment as JSON), each with name, issuer, audience, jwks, algorithms',
    title: 'issuers of tokens (JWT) that callers may send'
  }),
  GATEWAY_TLS_CERT: {
    ...FileReference,
    title: 'certificate of the public listener, then its chain; with the key it speaks TLS'
  },
  GATEWAY_TLS_KEY: { ...FileReference, title: 'private key of that certificate, not encrypted' },
  GATEWAY_TLS_CLIENT_CA: { ...FileReference, title: 'authorities whose client certificates count' },
  GATEWAY_CLIENT_CERTIFICATES: Type.Array(ClientCertificate, {
    ...list,
    description: 'a list (in the environment as JSON) of {san_uri or subject, tenant}',
    title: 'which tenant a client certificate stands for'
  })
}
type AuthenticationSettings = Static<ReturnType<typeof Type.Object<typeof authenticationSettings>>>

/** An issuer whose tokens are accepted; the ledger and the log call it by its name. */
export type TokenIssuerOptions = Readonly<
  Omit<Static<typeof JwtIssuer>, 'algorithms' | 'tenant_claim' | 'tenants'>
> & {
  readonly algorithms: readonly string[]
  /** The claim that names the tenant. */
  readonly tenantClaim: string
  /** The claim's value to the tenant's name; null when it is the name itself. */
  readonly tenants: ReadonlyMap<string, string> | null
}

/** Whose certificates these are: by a URI among the alternative names, exactly, or by the subject. */
export type CertificateMapping = { readonly tenant: string } & (
  | { readonly sanUri: string }
  | { readonly subject: string }
)

/** These settings by the program's names. */
export type AuthenticationConfig = {
  readonly tokenIssuers: readonly TokenIssuerOptions[]
  /** Null: the public listener speaks plain HTTP. */
  readonly tls: TlsFiles | null
  readonly clientCertificates: readonly CertificateMapping[]
}

/** From settings that have no faults. */
export function toAuthenticationConfig(settings: AuthenticationSettings): AuthenticationConfig {
  const { GATEWAY_TLS_CERT: certificate, GATEWAY_TLS_KEY: key, GATEWAY_TLS_CLIENT_CA: authority } = settings
  return {
    tokenIssuers: settings.GATEWAY_JWT_ISSUERS.map(({ tenant_claim, tenants, ...issuer }) => ({
      ...issuer,
      tenantClaim: tenant_claim ?? 'sub',
      tenants: tenants === undefined ? null : new Map(Object.entries(tenants))
    })),
    tls:
      certificate === '' ? null : { certificate, key, clientAuthority: authority === '' ? null : authority },
    clientCertificates: settings.GATEWAY_CLIENT_CERTIFICATES.map(({ san_uri, subject, tenant }) => ({
      tenant,
      ...(san_uri === undefined ? { subject: subject as string } : { sanUri: san_uri })
    }))
  }
}

/** What the schema cannot say, of those settings in which it found no fault. */
export function authenticationIssues(
  settings: AuthenticationSettings,
  found: readonly ConfigIssue[]
): ConfigIssue[] {
  const formed = (...names: string[]) => !found.some(({ key }) => names.some(name => key.startsWith(name)))
  return [
    ...(formed('GATEWAY_JWT_ISSUERS') ? jwtIssuerIssues(settings) : []),
    ...(formed('GATEWAY_CLIENT_CERTIFICATES') ? certificateIssues(settings) : []),
    ...(formed('GATEWAY_TLS', 'GATEWAY_CLIENT_CERTIFICATES') ? tlsIssues(settings) : [])
  ]
}

function jwtIssuerIssues({ GATEWAY_JWT_ISSUERS: issuers }: AuthenticationSettings): ConfigIssue[] {
  return issuers.flatMap(({ name, issuer, jwks }, index) => {
    const key = `GATEWAY_JWT_ISSUERS[${index}]`
    const before = issuers.slice(0, index)
    const wrong = {
      name: before.some(other => other.name === name) && 'is also the name of an earlier issuer',
      issuer: before.some(other => other.issuer === issuer) && 'is also the issuer of an earlier entry',
      jwks: !isKeySetPlace(jwks) && `must be ${JwtIssuer.properties.jwks.description}`
    }
    return Object.entries(wrong).flatMap(([member, detail]) =>
      detail === false ? [] : [{ key: `${key}.${member}`, detail }]
    )
  })
}

function isKeySetPlace(place: string): boolean {
  if (place.startsWith('file:')) return place.length > 'file:'.length
  const url = URL.canParse(place) ? new URL(place) : undefined
  if (url === undefined || url.username !== '' || url.password !== '' || url.hash !== '') return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))
}

function certificateIssues({ GATEWAY_CLIENT_CERTIFICATES: mappings }: AuthenticationSettings): ConfigIssue[] {
  const seen = new Set<string>()
  return mappings.flatMap(({ san_uri, subject }, index) => {
    const key = `GATEWAY_CLIENT_CERTIFICATES[${index}]`
    if ((san_uri === undefined) === (subject === undefined))
      return [{ key, detail: 'must have either san_uri or subject' }]
    const name = subject === undefined ? `uri ${san_uri}` : normalName(subject)
    if (name === null)
      return [{ key: `${key}.subject`, detail: 'must be a distinguished name, e.g. CN=billing,O=Acme' }]
    const known = seen.has(name)
    seen.add(name)
    return known ? [{ key, detail: 'maps the same certificates as an earlier entry' }] : []
  })
}

function tlsIssues(settings: AuthenticationSettings): ConfigIssue[] {
  const needs = [
    ['GATEWAY_TLS_CERT', 'GATEWAY_TLS_KEY'],
    ['GATEWAY_TLS_KEY', 'GATEWAY_TLS_CERT'],
    ['GATEWAY_TLS_CLIENT_CA', 'GATEWAY_TLS_CERT'],
    ['GATEWAY_CLIENT_CERTIFICATES', 'GATEWAY_TLS_CLIENT_CA']
  ] as const
  return needs
    .filter(([given, needed]) => settings[given].length > 0 && settings[needed] === '')
    .map(([given, needed]) => ({ key: given, detail: `needs ${needed} too` }))
}
