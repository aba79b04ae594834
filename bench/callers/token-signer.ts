import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { JSONWebKeySet } from 'jose'
import type { TokenIssuerOptions } from '../../src/config/authentication.ts'

export const algorithms = ['EdDSA', 'RS256', 'ES256'] as const
export type Algorithm = (typeof algorithms)[number]

/** An issuer of one algorithm, as its tokens are made and as they are verified. */
export type Signer = {
  readonly options: TokenIssuerOptions
  readonly keySet: JSONWebKeySet
  readonly publicKey: KeyObject
  /** The digest that `node:crypto` is to be told. */
  readonly digest: string | null
  /** A token that differs from all others by its number, as long as one of an identity provider is. */
  token(number: number): string
}

const issuer = 'https://login.bench.example/'
const audience = 'connector-gateway'
const lifeSeconds = 86_400
const pairs = {
  EdDSA: () => generateKeyPairSync('ed25519'),
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' })
} as const satisfies Record<Algorithm, () => unknown>

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** An issuer with a new key pair, whose tokens are of the tenant `tenant`. */
export function newSigner(algorithm: Algorithm, tenant: string): Signer {
  const { privateKey, publicKey } = pairs[algorithm]()
  const digest = algorithm === 'EdDSA' ? null : 'sha256'
  const head = encoded({ alg: algorithm, kid: 'bench', typ: 'JWT' })
  const exp = Math.floor(Date.now() / 1000) + lifeSeconds
  return {
    options: {
      name: 'bench',
      issuer,
      audience,
      jwks: 'file:none',
      algorithms: [algorithm]
    },
    keySet: {
      keys: [
        { ...publicKey.export({ format: 'jwk' }), kid: 'bench', alg: algorithm }
      ] as JSONWebKeySet['keys']
    },
    publicKey,
    digest,
    token(number) {
      const claims = {
        iss: issuer,
        aud: audience,
        sub: tenant,
        exp,
        iat: exp - lifeSeconds,
        jti: `bench-${number}`
      }
      const signed = `${head}.${encoded(claims)}`
      const key = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const
      return `${signed}.${sign(digest, Buffer.from(signed), key).toString('base64url')}`
    }
  }
}
