import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { KeyHandle, Unusable } from '../../src/custody/credential.ts'
import { KeyMaterial } from '../../src/custody/key-material.ts'
import { canaryForms } from '../support/checker/canary.ts'
import {
  fingerprintKey,
  heldCredentials,
  heldVersion,
  materialOf
} from '../support/fixtures/held-credentials.ts'

const key = 'bd_v2_canary_of_credentials'
const before = 'bd_v2_canary_of_the_version_before'

function leaseOf(lease: KeyHandle | Unusable | null): KeyHandle {
  if (!lease || !('label' in lease)) throw new Error('there is no lease')
  return lease
}

describe('a key', () => {
  test('is seen by a callback alone', () => {
    const { credentials } = heldCredentials({ default: [key] })
    const lease = leaseOf(credentials.acquire('default'))
    expect(lease.label).toBe('default@2')
    expect(lease.use(secret => secret === key)).toBe(true)
  })

  test('does not show when what holds it is printed, serialised or thrown', () => {
    const { credentials } = heldCredentials({ default: [key, before] })
    const held = { credentials, lease: leaseOf(credentials.acquire('default')), material: materialOf(key) }
    const error = Object.assign(new Error('with all of it', { cause: held }), held)
    const options = { depth: 9, showHidden: true, getters: true }
    const shown = [
      JSON.stringify(held),
      inspect(held, options),
      inspect(error, options),
      String(held.material),
      Object.keys(held.material).join()
    ].join()
    expect(shown).toContain(held.material.fingerprint)
    for (const [form, needle] of [...canaryForms(key), ...canaryForms(before)])
      expect(shown.includes(needle.toString('latin1')), form).toBe(false)
    expect(() => structuredClone(held.material)).not.toThrow(key)
  })

  test('is recognised in bytes from outside, in every form, and a part of it is not', () => {
    const { credentials } = heldCredentials({ default: ['bd_v2_another_key_altogether'], other: [key] })
    for (const [form, needle] of canaryForms(key)) {
      if (form === 'UTF-16') continue
      const bytes = Buffer.concat([Buffer.from('before '), needle, Buffer.from(' after')])
      expect(credentials.containsKey(bytes), form).toBe(true)
    }
    expect(credentials.containsKey(Buffer.from(key.slice(1)))).toBe(false)
  })

  test('is zeroed when it is replaced, but not under a call that is about to be sent with it', () => {
    const bytes = Buffer.from(key)
    const version = { version: 2, source: 'sealed', material: new KeyMaterial(bytes, fingerprintKey) }
    const { credentials } = heldCredentials({})
    credentials.replace('default', { active: version, standby: null, standbyUntilMs: 0 })
    const lease = leaseOf(credentials.acquire('default'))
    credentials.replace('default', { active: heldVersion(3, 'next'), standby: null, standbyUntilMs: 0 })
    expect(lease.use(secret => secret)).toBe(key)
    lease.release()
    expect(bytes.equals(Buffer.alloc(bytes.length))).toBe(true)
  })

  test.each(['', 'two words', 'line\nbreak', 'naïve', '\u0000'])('cannot be %j', text => {
    expect(() => materialOf(text)).toThrow(expect.objectContaining({ code: 'secret_unavailable' }))
  })
})

describe('the breaker of a credential', () => {
  test('opens at the third refusal in a row, and lets one call through after half a minute', () => {
    const { credentials, log, clock } = heldCredentials({ default: [key] })
    for (let refusal = 0; refusal < 3; refusal++)
      credentials.reportRejected(leaseOf(credentials.acquire('default')))
    expect(log.published).toEqual([['breaker.opened', { credential: 'default' }]])
    expect(credentials.acquire('default')).toEqual({ retryAfter: 30 })
    clock.ms = 29_500
    expect(credentials.acquire('default')).toEqual({ retryAfter: 1 })
    clock.ms = 30_000
    const trial = leaseOf(credentials.acquire('default'))
    expect(credentials.acquire('default')).toEqual({ retryAfter: 30 })
    credentials.reportRejected(trial)
    expect(credentials.acquire('default')).toEqual({ retryAfter: 30 })
    clock.ms = 60_000
    credentials.reportAccepted(leaseOf(credentials.acquire('default')))
    expect(log.published).toEqual([
      ['breaker.opened', { credential: 'default' }],
      ['breaker.closed', { credential: 'default' }]
    ])
    leaseOf(credentials.acquire('default'))
  })

  test('stays closed when answers that took the key come between', () => {
    const { credentials, log } = heldCredentials({ default: [key] })
    for (let call = 0; call < 9; call++) {
      const lease = leaseOf(credentials.acquire('default'))
      if (call % 3 === 2) credentials.reportAccepted(lease)
      else credentials.reportRejected(lease)
    }
    expect(log.published).toEqual([])
  })

  test('is closed by another active version', () => {
    const { credentials } = heldCredentials({ default: [key] })
    for (let refusal = 0; refusal < 3; refusal++)
      credentials.reportRejected(leaseOf(credentials.acquire('default')))
    credentials.replace('default', { active: heldVersion(3, before), standby: null, standbyUntilMs: 0 })
    expect(leaseOf(credentials.acquire('default')).label).toBe('default@3')
  })
})

describe('the standby of a credential', () => {
  test('is tried in place of the version that was refused, and takes its place when it works', () => {
    const { credentials, log } = heldCredentials({ default: [key, before] })
    const refused = leaseOf(credentials.acquire('default'))
    const standby = leaseOf(credentials.acquireFallback(refused))
    expect(standby.use(secret => secret)).toBe(before)
    credentials.reportAccepted(standby, refused)
    expect(log.reverts).toEqual([{ name: 'default', from: 2, to: 1 }])
    expect(log.published).toContainEqual(['credential.reverted', { credential: 'default', from: 2, to: 1 }])
    expect(leaseOf(credentials.acquire('default')).label).toBe('default@1')
  })

  test('is gone back to once, however many calls find out at the same time', () => {
    const { credentials, log } = heldCredentials({ default: [key, before] })
    const refused = Array.from({ length: 5 }, () => leaseOf(credentials.acquire('default')))
    for (const lease of refused)
      credentials.reportAccepted(leaseOf(credentials.acquireFallback(lease)), lease)
    expect(log.reverts).toHaveLength(1)
    expect(leaseOf(credentials.acquire('default')).version).toBe(1)
  })

  test('is not tried after its time', () => {
    const { credentials, clock } = heldCredentials({ default: [key, before] })
    clock.ms = 60_000
    expect(credentials.acquireFallback(leaseOf(credentials.acquire('default')))).toBeNull()
  })
})

test('a credential that is not held cannot be used, and neither can one without an active version', () => {
  const { credentials } = heldCredentials({})
  expect(credentials.areSealed).toBe(true)
  expect(credentials.acquire('default')).toEqual({})
  credentials.replace('default', { active: null, standby: null, standbyUntilMs: 0 })
  expect(credentials.acquire('default')).toEqual({})
  expect(credentials.areSealed).toBe(true)
})

test('a key that was replaced while its call was under way is recognised in the answer still', () => {
  const { credentials } = heldCredentials({ default: [key] })
  const lease = leaseOf(credentials.acquire('default'))
  credentials.replace('default', { active: heldVersion(3, before), standby: null, standbyUntilMs: 0 })
  expect(credentials.containsKey(Buffer.from(`again ${key}`))).toBe(true)
  lease.release()
})
