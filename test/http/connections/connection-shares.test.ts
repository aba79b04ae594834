import { Duplex } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { connectionBounds } from '../../../src/http/connections/connection-bounds.ts'
import { ConnectionShares } from '../../../src/http/connections/connection-shares.ts'
import { networkOf } from '../../../src/http/connections/network-of.ts'

const bounds = { known: 2, strangers: 4, strangersPerAddress: 2 }
const shares = () => new ConnectionShares({ bounds, isProxy: address => address === '10.0.0.1' })
const socket = () => new Duplex({ read() {}, write() {} })

describe('a new connection of a stranger displaces', () => {
  test('nobody while there is room', () => {
    const all = shares()
    const places = ['10.1.0.1', '10.1.0.1', '10.1.0.2', '10.1.0.3'].map(from => all.enter(socket(), from))
    expect(places.filter(place => place.socket.destroyed)).toEqual([])
    expect(all).toMatchObject({ count: 4, displaced: 0 })
  })

  test('the oldest of its own address, where that has its part', () => {
    const all = shares()
    const [first, second] = [all.enter(socket(), '10.1.0.1'), all.enter(socket(), '::ffff:10.1.0.1')]
    const third = all.enter(socket(), '10.1.0.1')
    expect([first, second, third].map(place => place.socket.destroyed)).toEqual([true, false, false])
    expect(all).toMatchObject({ count: 2, displaced: 1 })
  })

  test('one that waits for its reader before older ones', () => {
    const all = shares()
    const [first, second] = [all.enter(socket(), '10.1.0.1'), all.enter(socket(), '10.1.0.1')]
    second.stuck = true
    all.enter(socket(), '10.1.0.1')
    expect([first, second].map(place => place.socket.destroyed)).toEqual([false, true])
  })

  test('the oldest of the address that has most, where all have their part', () => {
    const all = shares()
    const proxied = Array.from({ length: 3 }, () => all.enter(socket(), '10.0.0.1'))
    const other = all.enter(socket(), '10.1.0.1')
    all.enter(socket(), '10.1.0.2')
    expect([...proxied, other].map(place => place.socket.destroyed)).toEqual([true, false, false, false])
  })

  test('no known caller, as many as their share holds', () => {
    const all = shares()
    const places = Array.from({ length: 3 }, (_, index) => all.enter(socket(), `10.1.0.${index}`))
    for (const place of places) all.recognize(place)
    expect(places.map(({ known }) => known)).toEqual([true, true, false])
    for (let index = 0; index < 20; index++) all.enter(socket(), `10.2.0.${index % 7}`)
    expect(places.map(place => place.socket.destroyed)).toEqual([false, false, true])
    expect(all.count).toBe(bounds.known + bounds.strangers)
  })
})

test('places that are left are free again, each once', () => {
  const all = shares()
  const [known, stranger] = [all.enter(socket(), 'a'), all.enter(socket(), 'a')]
  all.recognize(known)
  all.recognize(known)
  for (const place of [known, stranger, known, stranger]) all.leave(place)
  all.recognize(stranger)
  expect(all.count).toBe(0)
})

describe('the bounds follow the open files', () => {
  test.each([
    { openFiles: 1024, all: { public: 700, admin: 100 } },
    { openFiles: 4096, all: { public: 3488, admin: 384 } },
    { openFiles: 1_048_576, all: { public: 5120, admin: 384 } },
    { openFiles: Number.POSITIVE_INFINITY, all: { public: 5120, admin: 384 } }
  ])('$openFiles', ({ openFiles, all }) => {
    for (const listener of ['public', 'admin'] as const) {
      for (const encrypted of [false, true]) {
        const { known, strangers, strangersPerAddress } = connectionBounds(listener, { openFiles, encrypted })
        expect(known + strangers).toBe(all[listener])
        expect(strangers).toBeLessThanOrEqual(encrypted ? 640 : 1024)
        expect(strangers).toBeLessThan(known)
        expect(strangersPerAddress).toBeLessThan(strangers)
      }
    }
  })

  test('and are never nothing', () => {
    expect(
      connectionBounds('admin', { openFiles: 64, encrypted: false }).strangersPerAddress
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
])('%s counts as %s', (address, network) => {
  expect(networkOf(address)).toBe(network)
})
