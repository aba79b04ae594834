import type { CryptoKey } from 'jose'
import { expect, onTestFinished, test } from 'vitest'
import { domainError } from '../../../src/contract/error-table.ts'
import { JwksCache } from '../../../src/identity/jwt/jwks-cache.ts'
import { recordEvents } from '../../support/fixtures/recorded-events.ts'
import { type SigningKey, signingKey } from '../../support/fixtures/token-issuer.ts'

const [first, second] = [signingKey('first'), signingKey('second')]

/** A source that a test controls, with a clock that it turns. */
function source(serves: readonly SigningKey[] | null) {
  const { events, recorded } = recordEvents()
  const state = {
    serves,
    reads: 0,
    nowMs: 1_000_000,
    everyMs: 1_000_000,
    from: 'test',
    /** Reads wait for this. */
    held: Promise.resolve(),
    async read() {
      state.reads++
      await state.held
      if (state.serves === null) throw domainError('jwks_unavailable', 'the issuer answered 500')
      return JSON.stringify({ keys: state.serves.map(({ jwk }) => jwk) })
    },
    published: () => recorded.map(([name]) => name),
    open(): JwksCache {
      const keys = new JwksCache({
        issuer: 'test',
        source: state,
        events,
        nowMs: () => state.nowMs
      })
      onTestFinished(() => keys.close())
      return keys
    }
  }
  return state
}

async function has(keys: JwksCache, { kid }: Pick<SigningKey, 'kid'>): Promise<boolean> {
  return await keys.keyFor({ alg: 'ES256', kid }).then(
    ({ key }: { key: CryptoKey }) => key.type === 'public',
    () => false
  )
}

test('an unknown key is looked for at the issuer, by one fetch for all who wait', async () => {
  const issuer = source([first])
  const keys = issuer.open()
  expect(await Promise.all([has(keys, first), has(keys, first), has(keys, second)])).toEqual([
    true,
    true,
    false
  ])
  expect(issuer.reads).toBe(1)
})

test('tokens with made-up keys cause at most one fetch in 10 s', async () => {
  const issuer = source([first])
  const keys = issuer.open()
  await keys.refresh()
  for (let n = 0; n < 50; n++) expect(await has(keys, { kid: `made-up-${n}` })).toBe(false)
  expect(issuer.reads).toBe(1)
  issuer.nowMs += 10_000
  await Promise.all(Array.from({ length: 50 }, (_, n) => has(keys, { kid: `made-up-${n}` })))
  expect(issuer.reads).toBe(2)
})

test('a new key is accepted when a token names it, and a removed key no longer', async () => {
  const issuer = source([first])
  const keys = issuer.open()
  expect(await has(keys, first)).toBe(true)
  const { generation } = keys
  issuer.serves = [second]
  issuer.nowMs += 10_000
  expect(await has(keys, second)).toBe(true)
  expect(await has(keys, first)).toBe(false)
  expect(keys.generation).not.toBe(generation)
})

test('fetching the same keys again changes nothing', async () => {
  const keys = source([first]).open()
  await keys.refresh()
  const { generation } = keys
  await keys.refresh()
  expect(keys.generation).toBe(generation)
})

test('the keys of an unreachable issuer are kept for a day, and one event reports it', async () => {
  const issuer = source([first])
  const keys = issuer.open()
  await keys.refresh()
  const { generation } = keys
  issuer.serves = null
  issuer.nowMs += 24 * 60 * 60_000
  for (let n = 0; n < 3; n++) expect(await keys.refresh()).toBe(false)
  expect(await has(keys, first)).toBe(true)
  expect(issuer.published().filter(name => name === 'issuer.keys_unavailable')).toHaveLength(1)

  issuer.nowMs += 1
  expect(keys.generation).not.toBe(generation)
  expect(await has(keys, first)).toBe(false)
  expect(issuer.published().at(-1)).toBe('issuer.keys_expired')

  issuer.serves = [first]
  await keys.refresh()
  expect(await has(keys, first)).toBe(true)
})

test('an invalid key set does not replace the last valid one; an empty one does', async () => {
  const issuer = source([first])
  const keys = issuer.open()
  await keys.refresh()
  const good = issuer.read
  issuer.read = async () => '<html>maintenance</html>'
  expect(await keys.refresh()).toBe(false)
  expect(await has(keys, first)).toBe(true)
  issuer.read = good
  issuer.serves = []
  expect(await keys.refresh()).toBe(true)
  expect(await has(keys, first)).toBe(false)
})

test('at most 100 requests wait for a key: the others are answered at once', async () => {
  const issuer = source([first])
  const { promise, resolve } = Promise.withResolvers<void>()
  issuer.held = promise
  const keys = issuer.open()
  const waiting = Array.from({ length: 100 }, () => has(keys, first))
  // None of those is answered before the fetch: this one is.
  expect(await has(keys, first)).toBe(false)
  resolve()
  expect(await Promise.all(waiting)).toEqual(Array(100).fill(true))
})

test('keys are refreshed in the background until the cache is closed', async () => {
  const issuer = source([first])
  issuer.everyMs = 5
  const keys = issuer.open()
  await expect.poll(() => issuer.reads).toBeGreaterThan(3)
  issuer.serves = [second]
  await expect.poll(() => has(keys, first)).toBe(false)
  expect(await has(keys, second)).toBe(true)
  keys.close()
  await keys.refresh()
  const { reads } = issuer
  const probe = source([first])
  probe.everyMs = 5
  probe.open()
  await expect.poll(() => probe.reads).toBeGreaterThan(3)
  expect(issuer.reads).toBe(reads)
})
