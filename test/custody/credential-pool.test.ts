import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { KeyHandle } from '../../src/custody/key-handle.ts'
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

function required(handle: KeyHandle | null): KeyHandle {
  if (!handle) throw new Error('no key was acquired')
  return handle
}

describe('a key', () => {
  test('is given to a callback alone', () => {
    const { credentials } = heldCredentials({ default: [key] })
    const handle = required(credentials.acquire('default'))
    expect(handle.label).toBe('default@2')
    expect(handle.use(secret => secret === key)).toBe(true)
  })

  test('does not show when its holder is printed, serialised or thrown', () => {
    const { credentials } = heldCredentials({ default: [key, before] })
    const held = { credentials, handle: required(credentials.acquire('default')), material: materialOf(key) }
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
    const handle = required(credentials.acquire('default'))
    credentials.replace('default', { active: heldVersion(3, 'next'), standby: null, standbyUntilMs: 0 })
    expect(handle.use(secret => secret)).toBe(key)
    handle.release()
    expect(bytes.equals(Buffer.alloc(bytes.length))).toBe(true)
  })

  test.each(['', 'two words', 'line\nbreak', 'naïve', '\u0000'])('cannot be %j', text => {
    expect(() => materialOf(text)).toThrow(expect.objectContaining({ code: 'secret_unavailable' }))
  })
})

describe('the standby of a credential', () => {
  test('is tried after the rejected version, and takes its place when it is accepted', () => {
    const { credentials, log } = heldCredentials({ default: [key, before] })
    const rejected = required(credentials.acquire('default'))
    const standby = required(credentials.acquireFallback(rejected))
    expect(standby.use(secret => secret)).toBe(before)
    credentials.revert(rejected, standby)
    expect(log.reverts).toEqual([{ name: 'default', from: 2, to: 1 }])
    expect(log.published).toContainEqual(['credential.reverted', { credential: 'default', from: 2, to: 1 }])
    expect(required(credentials.acquire('default')).label).toBe('default@1')
  })

  test('becomes active once, however many calls find out at the same time', () => {
    const { credentials, log } = heldCredentials({ default: [key, before] })
    const rejected = Array.from({ length: 5 }, () => required(credentials.acquire('default')))
    for (const handle of rejected) credentials.revert(handle, required(credentials.acquireFallback(handle)))
    expect(log.reverts).toHaveLength(1)
    expect(required(credentials.acquire('default')).version).toBe(1)
  })

  test('is not tried after its time', () => {
    const { credentials, clock } = heldCredentials({ default: [key, before] })
    clock.ms = 60_000
    expect(credentials.acquireFallback(required(credentials.acquire('default')))).toBeNull()
  })
})

test('a credential that is not held cannot be used, and neither can one without an active version', () => {
  const { credentials } = heldCredentials({})
  expect(credentials.areUnreadable).toBe(true)
  expect(credentials.acquire('default')).toBeNull()
  credentials.replace('default', { active: null, standby: null, standbyUntilMs: 0 })
  expect(credentials.acquire('default')).toBeNull()
  expect(credentials.areUnreadable).toBe(true)
})

describe('a credential that was removed', () => {
  const held = { active: heldVersion(2, key), standby: null, standbyUntilMs: 0 }

  test('goes a second later, once, however often the others are read meanwhile', () => {
    const { credentials, clock } = heldCredentials({ default: [key], reports: [before] })
    credentials.replaceAll(new Map([['default', held]]))
    clock.ms = 999
    credentials.replaceAll(new Map([['default', held]]))
    credentials.dropOverdue()
    expect(credentials.names()).toEqual(['default', 'reports'])
    required(credentials.acquire('reports'))
    clock.ms = 1000
    credentials.dropOverdue()
    expect(credentials.names()).toEqual(['default'])
  })

  test('stays when it is added again meanwhile', () => {
    const { credentials, clock } = heldCredentials({ reports: [before] })
    credentials.replaceAll(new Map())
    credentials.replaceAll(new Map([['reports', held]]))
    clock.ms = 5000
    credentials.dropOverdue()
    expect(credentials.names()).toEqual(['reports'])
  })
})

test('a key that was replaced during its call is still recognised in the answer', () => {
  const { credentials } = heldCredentials({ default: [key] })
  const handle = required(credentials.acquire('default'))
  credentials.replace('default', { active: heldVersion(3, before), standby: null, standbyUntilMs: 0 })
  expect(credentials.containsKey(Buffer.from(`again ${key}`))).toBe(true)
  handle.release()
})
