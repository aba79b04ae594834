import { type Static, Type } from '@sinclair/typebox'
import { normalName } from '../base/distinguished-name.ts'
import { isLoopback } from '../base/loopback.ts'
import { nameForm, strict } from '../contract/schemas.ts'

const TenantName = Type.String({
  pattern: nameForm,
  description: "a tenant's name: a-z, 0-9, dot, underscore, hyphen"
})
/** Asymmetric only: with a shared secret, who verifies can also forge. */
const algorithms = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']
]
const text = (description: string, format?: keyof typeof formats) =>
  Type.String({ minLength: 1, maxLength: 2048, description, ...(format && { format }) })

const JwtIssuer = Type.Object(
  {
    name: Type.String({
      pattern: '^[a-z0-9][a-z0-9._-]{0,59}$',
      description: 'a name of at most 60 characters: a-z, 0-9, dot, underscore, hyphen'
    }),
    issuer: text("the text of the tokens' iss"),
    audience: text("the text that the tokens' aud must contain"),
    jwks: text('an https URL (http only for a loopback address), or file:PATH', 'jwks-location'),
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
    subject: Type.Optional(text('a distinguished name, e.g. CN=billing,O=Acme', 'distinguished-name')),
    tenant: TenantName
  },
  {
    ...strict,
    minProperties: 2,
    maxProperties: 2,
    description: 'a mapping with tenant and either san_uri or subject'
  }
)

const FileReference = Type.String({
  default: '',
  pattern: '^(file:.+)?$',
  description: 'a reference to a PEM file, file:PATH'
})
const list = { default: [], maxItems: 1000 }

/** Settings of TLS, and of authentication by tokens and client certificates. */
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
/** An issuer whose tokens are accepted; the ledger and the log call it by its name. */
export type TokenIssuerOptions = Static<typeof JwtIssuer>

/** Maps certificates with this URI among their alternative names, or with this subject, to a tenant. */
export type CertificateMapping = Static<typeof ClientCertificate>

/** The identity in a mapping: `uri …`, or the canonical subject. */
export function certificateName({ san_uri, subject = '' }: CertificateMapping): string | null {
  return san_uri === undefined ? normalName(subject) : `uri ${san_uri}`
}

/** Formats that patterns cannot describe. */
export const formats = {
  'jwks-location': isJwksLocation,
  'distinguished-name': (text: string) => normalName(text) !== null
}

function isJwksLocation(text: string): boolean {
  if (text.startsWith('file:')) return text.length > 'file:'.length
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || url.username !== '' || url.password !== '' || url.hash !== '') return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))
}
