import { Duplex } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { networkOf } from '../../../src/http/caller-address.ts'
import { connectionBounds } from '../../../src/http/connections/connection-bounds.ts'
import { ConnectionQuota } from '../../../src/http/connections/connection-quota.ts'

const bounds = { authenticated: 2, anonymous: 4, anonymousPerNetwork: 2 }
const newQuota = () => new ConnectionQuota({ bounds, isProxy: address => address === '10.0.0.1' })
const socket = () => new Duplex({ read() {}, write() {} })

describe('a new anonymous connection displaces', () => {
  test('no connection while there is room', () => {
    const quota = newQuota()
    const slots = ['10.1.0.1', '10.1.0.1', '10.1.0.2', '10.1.0.3'].map(from => quota.admit(socket(), from))
    expect(slots.filter(slot => slot.socket.destroyed)).toEqual([])
    expect(quota).toMatchObject({ count: 4, displaced: 0 })
  })

  test('the oldest of its own network, when that has its quota', () => {
    const quota = newQuota()
    const [first, second] = [quota.admit(socket(), '10.1.0.1'), quota.admit(socket(), '::ffff:10.1.0.1')]
    const third = quota.admit(socket(), '10.1.0.1')
    expect([first, second, third].map(slot => slot.socket.destroyed)).toEqual([true, false, false])
    expect(quota).toMatchObject({ count: 2, displaced: 1 })
  })

  test('one with an unread answer before older ones', () => {
    const quota = newQuota()
    const [first, second] = [quota.admit(socket(), '10.1.0.1'), quota.admit(socket(), '10.1.0.1')]
    second.hasBacklog = true
    quota.admit(socket(), '10.1.0.1')
    expect([first, second].map(slot => slot.socket.destroyed)).toEqual([false, true])
  })

  test('the oldest of the network that has most, when the listener is full', () => {
    const quota = newQuota()
    const proxied = Array.from({ length: 3 }, () => quota.admit(socket(), '10.0.0.1'))
    const other = quota.admit(socket(), '10.1.0.1')
    quota.admit(socket(), '10.1.0.2')
    expect([...proxied, other].map(slot => slot.socket.destroyed)).toEqual([true, false, false, false])
  })

  test('no authenticated caller, as many as the quota holds', () => {
    const quota = newQuota()
    const slots = Array.from({ length: 3 }, (_, index) => quota.admit(socket(), `10.1.0.${index}`))
    for (const slot of slots) quota.authenticate(slot)
    expect(slots.map(({ authenticated }) => authenticated)).toEqual([true, true, false])
    for (let index = 0; index < 20; index++) quota.admit(socket(), `10.2.0.${index % 7}`)
    expect(slots.map(slot => slot.socket.destroyed)).toEqual([false, false, true])
    expect(quota.count).toBe(bounds.authenticated + bounds.anonymous)
  })
})

test('a released slot is free again, once', () => {
  const quota = newQuota()
  const [authenticated, anonymous] = [quota.admit(socket(), 'a'), quota.admit(socket(), 'a')]
  quota.authenticate(authenticated)
  quota.authenticate(authenticated)
  for (const slot of [authenticated, anonymous, authenticated, anonymous]) quota.release(slot)
  quota.authenticate(anonymous)
  expect(quota.count).toBe(0)
})

describe('the bounds of a listener follow the limit of open files', () => {
  test.each([
    { openFiles: 1024, all: { public: 700, admin: 100 } },
    { openFiles: 4096, all: { public: 3488, admin: 384 } },
    { openFiles: 1_048_576, all: { public: 5120, admin: 384 } },
    { openFiles: Number.POSITIVE_INFINITY, all: { public: 5120, admin: 384 } }
  ])('$openFiles', ({ openFiles, all }) => {
    for (const listener of ['public', 'admin'] as const) {
      for (const encrypted of [false, true]) {
        const { authenticated, anonymous, anonymousPerNetwork } = connectionBounds(listener, {
          openFiles,
          encrypted
        })
        expect(authenticated + anonymous).toBe(all[listener])
        expect(anonymous).toBeLessThanOrEqual(encrypted ? 640 : 1024)
        expect(anonymous).toBeLessThan(authenticated)
        expect(anonymousPerNetwork).toBeLessThan(anonymous)
      }
    }
  })

  test('and are never zero', () => {
    expect(
      connectionBounds('admin', { openFiles: 64, encrypted: false }).anonymousPerNetwork
    ).toBeGreaterThan(1)
  })
})

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8:1:2::9', '2001:db8:1:2'],
  ['2001:db8::1', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
  ['', '']
])('the address %s counts as the network %s', (address, network) => {
  expect(networkOf(address)).toBe(network)
})
