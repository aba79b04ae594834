import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Algorithm = 'RS256' | 'ES256' | 'EdDSA'

/** A key pair of an issuer, by its `kid`. */
export type SigningKey = {
  readonly kid: string
  readonly algorithm: Algorithm
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  /** As it stands in a key set. */
  readonly jwk: object
}

const pairs = {
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: () => generateKeyPairSync('ed25519')
} as const

/** A new key pair. */
export function signingKey(kid: string, algorithm: Algorithm = 'ES256'): SigningKey {
  const { privateKey, publicKey } = pairs[algorithm]()
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg: algorithm, use: 'sig' }
  return { kid, algorithm, privateKey, publicKey, jwk }
}

/** What a test may change about an otherwise good token; undefined members are left out of it. */
export type TokenParts = {
  readonly header?: Record<string, unknown>
  readonly claims?: Record<string, unknown>
  /** In place of the signature that belongs there. */
  readonly signature?: (signed: string) => string
}

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A token, put together by hand: whatever a forger could send can be made. */
export function makeToken(key: SigningKey, { header, claims, signature }: TokenParts = {}): string {
  const signed = `${encoded({ alg: key.algorithm, kid: key.kid, typ: 'JWT', ...header })}.${encoded({
    iss: testIssuer.issuer,
    aud: testIssuer.audience,
    sub: 'acme',
    exp: Math.floor(Date.now() / 1000) + 600,
    ...claims
  })}`
  return `${signed}.${(signature ?? (text => signatureOf(key, text)))(signed)}`
}

/** The settings that good tokens agree with. */
export const testIssuer = { issuer: 'https://issuer.example/', audience: 'connector-gateway' } as const

function signatureOf({ algorithm, privateKey }: SigningKey, signed: string): string {
  const key = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const
  return sign(algorithm === 'EdDSA' ? null : 'sha256', Buffer.from(signed), key).toString('base64url')
}

/** HMAC-SHA256 under a text that everybody knows. */
export function hmacOf(secret: string, signed: string): string {
  return createHmac('sha256', secret).update(signed).digest('base64url')
}

/** A server of a key set, on this machine. */
export type KeySetServer = {
  readonly url: string
  /** How often it was asked. */
  readonly asked: number
  /** What it serves: keys, or an answer of the test's own. */
  serves: readonly SigningKey[] | ((response: ServerResponse) => void)
  close(): Promise<void>
}

/** Starts one; close it. */
export async function startKeySetServer(serves: KeySetServer['serves']): Promise<KeySetServer> {
  let asked = 0
  const server = createServer((_request, response) => {
    asked++
    const what = state.serves
    if (typeof what === 'function') return what(response)
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ keys: what.map(({ jwk }) => jwk) }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const state = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`,
    get asked() {
      return asked
    },
    serves,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    }
  }
  return state
}
