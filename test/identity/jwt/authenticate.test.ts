import { describe, expect, onTestFinished, test } from 'vitest'
import { Problem } from '../../../src/contract/problem.ts'
import type { Caller, Directory } from '../../../src/identity/directory.ts'
import { JwtAuthenticator } from '../../../src/identity/jwt/authenticate.ts'
import { TokenIssuer } from '../../../src/identity/jwt/issuer.ts'
import { JwksCache } from '../../../src/identity/jwt/jwks-cache.ts'
import { VerifiedTokens } from '../../../src/identity/jwt/verified-tokens.ts'
import type { Tenant } from '../../../src/tenants/tenant.ts'
import { recordEvents } from '../../support/fixtures/recorded-events.ts'
import { testTenant } from '../../support/fixtures/test-app.ts'
import { makeToken, type SigningKey, signingKey, testIssuer } from '../../support/fixtures/token-issuer.ts'

const [first, second] = [signingKey('first'), signingKey('second')]
const seconds = 1_700_000_000
const now = seconds * 1000

/** One issuer with the key `first` and one tenant, both of which a test changes. */
function fixture() {
  const state = {
    serves: [first] as SigningKey[],
    tenant: testTenant as Tenant | null,
    held: Promise.resolve()
  }
  const { events } = recordEvents()
  const keys = new JwksCache({
    issuer: 'test',
    source: {
      everyMs: 1_000_000,
      from: 'test',
      async read() {
        await state.held
        return JSON.stringify({ keys: state.serves.map(({ jwk }) => jwk) })
      }
    },
    events
  })
  onTestFinished(() => keys.close())
  const options = {
    ...testIssuer,
    name: 'test',
    jwks: '',
    algorithms: ['ES256']
  }
  const directory: Pick<Directory, 'find'> = {
    find: name => (name === state.tenant?.name ? state.tenant : null)
  }
  const tokens = new JwtAuthenticator([new TokenIssuer(options, keys)], directory, events)
  return { state, keys, tokens }
}

const token = makeToken(first, { claims: { exp: seconds + 600, nbf: seconds - 60 } })
const caller: Caller = { tenant: testTenant, keyId: 'jwt:test' }

describe('a verified token', () => {
  test("is accepted at once the next time, with the tenant's state of that time", async () => {
    const { state, tokens } = fixture()
    const answer = tokens.authenticate(token, now)
    expect(answer).toBeInstanceOf(Promise)
    expect(await answer).toEqual(caller)
    expect(tokens.authenticate(token, now)).toEqual(caller)
    state.tenant = { ...testTenant, burst: 7 }
    expect(tokens.authenticate(token, now)).toMatchObject({ tenant: { burst: 7 } })
    state.tenant = null
    expect(tokens.authenticate(token, now)).toBeNull()
  })

  test('is valid until its expiry, and not before its beginning when the clock is set back', async () => {
    const { tokens } = fixture()
    await tokens.authenticate(token, now)
    const end = (seconds + 630) * 1000
    expect(tokens.authenticate(token, end - 1)).toEqual(caller)
    expect(await tokens.authenticate(token, end)).toBeNull()
    await tokens.authenticate(token, now)
    const beginning = (seconds - 90) * 1000
    expect(tokens.authenticate(token, beginning)).toEqual(caller)
    expect(await tokens.authenticate(token, beginning - 1000)).toBeNull()
  })

  test('is verified again when the keys change, and rejected when its key is gone', async () => {
    const { state, keys, tokens } = fixture()
    await tokens.authenticate(token, now)
    state.serves = [first, second]
    await keys.refresh()
    const answer = tokens.authenticate(token, now)
    expect(answer).toBeInstanceOf(Promise)
    expect(await answer).toEqual(caller)
    state.serves = [second]
    await keys.refresh()
    expect(await tokens.authenticate(token, now)).toBeNull()
  })

  test('does not make a token valid that differs in one character', async () => {
    const { tokens } = fixture()
    await tokens.authenticate(token, now)
    for (const at of [5, token.indexOf('.') + 5, token.length - 5]) {
      const other = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
      expect(await tokens.authenticate(other, now)).toBeNull()
    }
  })
})

test('a token that arrives while its keys are fetched waits for them', async () => {
  const { state, tokens } = fixture()
  const { promise, resolve } = Promise.withResolvers<void>()
  state.held = promise
  const answer = tokens.authenticate(token, now)
  resolve()
  expect(await answer).toEqual(caller)
})

test('past 1,024 tokens under verification new tokens get `overloaded`, and verified ones are accepted', async () => {
  const { tokens } = fixture()
  await tokens.authenticate(token, now)
  const forged = makeToken(second, { claims: { exp: seconds + 600 }, header: { kid: 'first' } })
  const waiting = Array.from({ length: 1_024 }, () => tokens.authenticate(forged, now))
  expect(() => tokens.authenticate(forged, now)).toThrow(new Problem('overloaded', { retryAfter: 1 }))
  expect(tokens.authenticate(token, now)).toEqual(caller)
  expect(await Promise.all(waiting)).toEqual(Array(1_024).fill(null))
  expect(await tokens.authenticate(forged, now)).toBeNull()
})

test('the number of remembered tokens is bounded: the oldest go first', () => {
  const verified = new VerifiedTokens(3)
  const issuer = { keys: { generation: 1 } } as TokenIssuer
  const kept = { issuer, generation: 1, tenant: 'acme', fromMs: 0, toMs: 10, digest: '', firstHalf: '' }
  for (const digest of ['a', 'b', 'c', 'd']) verified.keep(digest, kept)
  expect(verified.size).toBe(3)
  expect(verified.find('a', 1)).toBeNull()
  expect(verified.find('d', 1)).toBe(kept)
})
