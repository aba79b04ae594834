import { sign } from 'node:crypto'
import { describe, expect } from 'vitest'
import { JwtAuthenticator } from '../../../src/identity/jwt/authenticate.ts'
import { TokenIssuer } from '../../../src/identity/jwt/issuer.ts'
import { JwksCache } from '../../../src/identity/jwt/jwks-cache.ts'
import { VerifiedTokens } from '../../../src/identity/jwt/verified-tokens.ts'
import { recordEvents } from '../../support/fixtures/recorded-events.ts'
import { test } from '../../support/fixtures/test.ts'
import { testTenant } from '../../support/fixtures/test-app.ts'
import type { TestGateway } from '../../support/fixtures/test-gateway.ts'
import { makeToken, type SigningKey, signingKey, testIssuer } from '../../support/fixtures/token-issuer.ts'
import { expectProblem } from '../../support/http/expect-problem.ts'
import { freshAddress } from '../../support/http/fresh-address.ts'
import { rawRequest } from '../../support/http/raw-connection.ts'
import { syncBytes } from '../../support/http/request-bytes.ts'

const keys = [signingKey('rs', 'RS256'), signingKey('es', 'ES256'), signingKey('ed', 'EdDSA')]
const [, ecdsa] = keys as [SigningKey, SigningKey, SigningKey]
const algorithms = keys.map(({ algorithm }) => algorithm)
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const orderOfP256 = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

let gateway: TestGateway
test.beforeAll(async ({ startKeySetServerOfFile, startGatewayOfFile }) => {
  const server = await startKeySetServerOfFile(keys)
  const issuer = { ...testIssuer, name: 'company', jwks: server.url, algorithms }
  gateway = await startGatewayOfFile({ env: { GATEWAY_JWT_ISSUERS: JSON.stringify([issuer]) } })
})

async function call(token: string) {
  const bytes = syncBytes({ key: token, connectorId: gateway.connectors.sharepoint })
  return (await rawRequest(gateway.port, bytes, { from: freshAddress() }))[0]
}

/** Other texts whose bytes are the same: the bits behind the last byte count for nothing. */
function sameBytes(part: string): string[] {
  const bytes = Buffer.from(part, 'base64url')
  return [...alphabet]
    .map(last => part.slice(0, -1) + last)
    .filter(other => other !== part && Buffer.from(other, 'base64url').equals(bytes))
}

/** The same signature by ECDSA's other solution: whoever has one can make it, without the key. */
function otherSolution(signature: string): string {
  const bytes = Buffer.from(signature, 'base64url')
  const s = BigInt(`0x${bytes.toString('hex', 32)}`)
  const other = Buffer.from((orderOfP256 - s).toString(16).padStart(64, '0'), 'hex')
  return Buffer.concat([bytes.subarray(0, 32), other]).toString('base64url')
}

const partsOf = (token: string) => token.split('.') as [string, string, string]

describe.each(keys)('of a token that is signed by $algorithm', key => {
  test('no other encoding of its signature is accepted', async () => {
    const token = makeToken(key)
    const [head, body, signature] = partsOf(token)
    expect((await call(token))?.status).toBe(200)
    const spellings = [
      ...sameBytes(signature),
      `${signature}=`,
      `${signature}==`,
      `${signature}A`,
      `${signature}AA`
    ]
    expect(spellings.length).toBeGreaterThan(10)
    for (const other of spellings)
      expectProblem(await call(`${head}.${body}.${other}`), 'credentials_invalid')
    expect((await call(token))?.status).toBe(200)
  })

  test('only the canonical encoding of its other parts is accepted, even if another one was signed', async () => {
    // Lengths at which bits are left over.
    const claims = { n: 'x' }
    for (const padding of ['', 'y', 'yy']) {
      const token = makeToken(key, { claims: { ...claims, padding }, header: { padding } })
      expect((await call(token))?.status).toBe(200)
      const [head, body] = partsOf(token)
      for (const [otherHead, otherBody] of [
        ...sameBytes(head)
          .slice(0, 3)
          .map(other => [other, body]),
        ...sameBytes(body)
          .slice(0, 3)
          .map(other => [head, other]),
        [head, `${body}=`],
        [head.replace(/.$/, '+'), body]
      ] as [string, string][]) {
        const signed = `${otherHead}.${otherBody}`
        const signature = sign(key.algorithm === 'EdDSA' ? null : 'sha256', Buffer.from(signed), {
          key: key.privateKey,
          dsaEncoding: 'ieee-p1363'
        })
        expectProblem(await call(`${signed}.${signature.toString('base64url')}`), 'credentials_invalid')
      }
    }
  })
})

describe('of a token that is signed by ECDSA', () => {
  test('its signature in DER is not accepted', async () => {
    const token = makeToken(ecdsa, {
      signature: signed => sign('sha256', Buffer.from(signed), ecdsa.privateKey).toString('base64url')
    })
    expectProblem(await call(token), 'credentials_invalid')
  })

  test('the other solution of its signature is not accepted beside it', async () => {
    const token = makeToken(ecdsa)
    const [head, body, signature] = partsOf(token)
    expect((await call(token))?.status).toBe(200)
    for (let time = 0; time < 3; time++)
      expectProblem(await call(`${head}.${body}.${otherSolution(signature)}`), 'credentials_invalid')
    expect((await call(token))?.status).toBe(200)
  })

  test('either solution is accepted by itself: issuers sign by both', async () => {
    const [head, body, signature] = partsOf(makeToken(ecdsa, { claims: { n: 'other' } }))
    expect((await call(`${head}.${body}.${otherSolution(signature)}`))?.status).toBe(200)
    expectProblem(await call(`${head}.${body}.${signature}`), 'credentials_invalid')
  })
})

test('a token takes one entry of the cache, however often it is signed', async () => {
  const { events } = recordEvents()
  const read = async () => JSON.stringify({ keys: keys.map(({ jwk }) => jwk) })
  const tokenKeys = new JwksCache({
    issuer: 'test',
    source: { everyMs: 1_000_000, from: 'test', read },
    events
  })
  const issuer = new TokenIssuer({ ...testIssuer, name: 'test', jwks: '', algorithms }, tokenKeys)
  const verified = new VerifiedTokens()
  const tokens = new JwtAuthenticator([issuer], { find: () => testTenant }, events, verified)
  try {
    const claims = { exp: Math.floor(Date.now() / 1000) + 600 }
    const caller = { tenant: testTenant, keyId: 'jwt:test' }
    const signedAgain = Array.from({ length: 20 }, () => makeToken(ecdsa, { claims }))
    // The issuer may sign the same claims twice, and every one of these is genuine.
    for (const token of signedAgain) expect(await tokens.authenticate(token, Date.now())).toEqual(caller)
    expect(verified.size).toBe(1)
    // Side by side too: the first that is found genuine is the one.
    const [head, body, signature] = partsOf(makeToken(ecdsa, { claims: { ...claims, n: 1 } }))
    const both = [signature, otherSolution(signature)].map(each => `${head}.${body}.${each}`)
    const callers = await Promise.all(both.map(each => tokens.authenticate(each, Date.now())))
    expect(callers.filter(each => each !== null)).toEqual([caller])
    expect(verified.size).toBe(2)
    for (const spelling of [` ${both[0]}`, `${both[0]}\n`, `${head}. ${body}.${signature}`])
      expect(await tokens.authenticate(spelling, Date.now())).toBeNull()
  } finally {
    tokenKeys.close()
  }
})
