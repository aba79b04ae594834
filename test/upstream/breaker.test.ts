import { describe, expect, test } from 'vitest'
import type { KeyHandle } from '../../src/custody/key-handle.ts'
import { type HeldCredentials, heldCredentials, heldVersion } from '../support/fixtures/held-credentials.ts'

const key = 'bd_v2_canary_of_credentials'
const next = 'bd_v2_canary_of_the_next_version'

function acquired({ credentials }: Pick<HeldCredentials, 'credentials'>): KeyHandle {
  const handle = credentials.acquire('default')
  if (!handle) throw new Error('no key was acquired')
  return handle
}

/** Seconds until a call may be made with the credential. */
function admit(held: HeldCredentials): number {
  return held.breaker.admit(acquired(held))
}

function reject({ breaker }: HeldCredentials, times: number): void {
  for (let rejection = 0; rejection < times; rejection++) breaker.reportRejected('default')
}

describe('the breaker of a credential', () => {
  test('opens at the third rejection in a row, and lets one call through after half a minute', () => {
    const held = heldCredentials({ default: [key] })
    const { breaker, log, clock } = held
    reject(held, 3)
    expect(log.published).toEqual([['breaker.opened', { credential: 'default' }]])
    expect(breaker.isOpen('default')).toBe(true)
    expect(admit(held)).toBe(30)
    clock.ms = 29_500
    expect(admit(held)).toBe(1)
    clock.ms = 30_000
    expect(admit(held)).toBe(0)
    expect(admit(held)).toBe(30)
    reject(held, 1)
    expect(admit(held)).toBe(30)
    clock.ms = 60_000
    expect(admit(held)).toBe(0)
    breaker.reportAccepted('default')
    expect(log.published).toEqual([
      ['breaker.opened', { credential: 'default' }],
      ['breaker.closed', { credential: 'default' }]
    ])
    expect(admit(held)).toBe(0)
    expect([breaker.isOpen('default'), breaker.isAnyOpen, breaker.hasRejections]).toEqual([
      false,
      false,
      false
    ])
  })

  test('stays closed when accepted calls come between', () => {
    const held = heldCredentials({ default: [key] })
    for (let call = 0; call < 9; call++) {
      expect(admit(held)).toBe(0)
      if (call % 3 === 2) held.breaker.reportAccepted('default')
      else held.breaker.reportRejected('default')
      expect(held.breaker.hasRejections).toBe(call % 3 !== 2)
    }
    expect(held.log.published).toEqual([])
  })

  test('is closed for another active version', () => {
    const held = heldCredentials({ default: [key] })
    reject(held, 3)
    held.credentials.replace('default', { active: heldVersion(3, next), standby: null, standbyUntilMs: 0 })
    expect([held.breaker.isAnyOpen, held.breaker.hasRejections]).toEqual([false, false])
    expect(admit(held)).toBe(0)
    expect(acquired(held).label).toBe('default@3')
  })

  test('holds back calls that were admitted before it opened, but not the one that tries the key', () => {
    const held = heldCredentials({ default: [key] })
    const before = acquired(held)
    expect(held.breaker.admit(before)).toBe(0)
    expect(held.breaker.waitSeconds(before)).toBe(0)
    reject(held, 3)
    expect(held.breaker.waitSeconds(before)).toBe(30)
    held.clock.ms = 30_000
    const trial = acquired(held)
    expect(held.breaker.admit(trial)).toBe(0)
    expect(held.breaker.waitSeconds(trial)).toBe(0)
    expect(held.breaker.waitSeconds(before)).toBe(30)
  })
})
