import { BlockList } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { callerAddress, readForwarded } from '../../src/http/caller-address.ts'

describe('an entry', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['192.0.2.1:4711', '192.0.2.1'],
    ['  192.0.2.1:4711\t', '192.0.2.1'],
    ['"192.0.2.1:4711"', '192.0.2.1'],
    ['2001:db8::1', '2001:db8::1'],
    ['2001:DB8:0::0:1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:DB8::A]:4711', '2001:db8::a'],
    ['"[2001:db8::1]:4711"', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['[fe80::1%25eth0]:4711', 'fe80::1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:201', '192.0.2.1'],
    ['[::ffff:192.0.2.1]:4711', '192.0.2.1']
  ])('%j is read as %s', (entry, address) => {
    expect(readForwarded(entry)).toBe(address)
  })

  test.each([
    ...[
      'unknown',
      '_hidden',
      '_SEVKISEK:4711',
      '',
      ' ',
      'unix:',
      'localhost',
      'for=192.0.2.1',
      '192.0.2',
      '192.0.2.256'
    ],
    ...[
      '192.0.2.1:',
      '192.0.2.1:port',
      '192.0.2.1:123456',
      '192.0.2.1:80:80',
      '192.0.2.1/32',
      '010.0.0.1',
      '"192.0.2.1'
    ],
    ...[
      '[192.0.2.1]',
      '[2001:db8::1',
      '2001:db8::1]:80',
      '[[2001:db8::1]]',
      '[]',
      '[]:80',
      '""',
      "'192.0.2.1'",
      ':80'
    ],
    ...['192.0.2.1 198.51.100.1', `${' '.repeat(80)}192.0.2.1`, '1'.repeat(9_000)]
  ])('%j is no address', entry => {
    expect(readForwarded(entry)).toBeNull()
  })
})

/** Proxies are 10.0.0.0/8 and fd00::/8. */
const proxies = new BlockList()
proxies.addSubnet('10.0.0.0', 8, 'ipv4')
proxies.addSubnet('fd00::', 8, 'ipv6')
const isProxy = (address: string) => proxies.check(address, address.includes(':') ? 'ipv6' : 'ipv4')
const find = (forwarded: string | undefined, peer = '10.0.0.1') => callerAddress(peer, forwarded, isProxy)
const counted = (address: string, countedAs = address) => ({ address, countedAs })

describe('the caller', () => {
  test.each([
    [
      'of a connection that is no proxy’s is its other end',
      '192.0.2.1',
      '198.51.100.1',
      counted('192.0.2.1')
    ],
    ['of a proxy that names nobody is the proxy', '10.0.0.1', undefined, counted('10.0.0.1')],
    ['of a proxy that names nobody, in commas, is the proxy', '10.0.0.1', ' ,, ', counted('10.0.0.1')],
    ['is the last entry', '10.0.0.1', '198.51.100.1, 192.0.2.1:80', counted('192.0.2.1')],
    [
      'is behind proxies, written with ports',
      '10.0.0.1',
      '6.6.6.6, 192.0.2.1, 10.9.9.9:80, [fd00::7]:443',
      counted('192.0.2.1')
    ],
    ['is the first entry when all are proxies', '10.0.0.1', '10.0.0.3:1, 10.0.0.2', counted('10.0.0.3')],
    ['is behind the empty header of a caller', '10.0.0.1', ', 10.0.0.2', counted('10.0.0.2')],
    ['behind a peer in its IPv6 form', '::ffff:10.0.0.1', '192.0.2.1', counted('192.0.2.1')],
    [
      'whom a proxy could not name is counted as that proxy',
      '10.0.0.1',
      '192.0.2.1, unknown, 10.0.0.2',
      counted('unknown', '10.0.0.2')
    ],
    [
      'whom the nearest proxy left blank is nobody before it',
      '10.0.0.1',
      '192.0.2.1, ',
      counted('unknown', '10.0.0.1')
    ],
    [
      'behind more proxies than there are',
      '10.0.0.1',
      `192.0.2.1${', 10.0.0.2'.repeat(40)}`,
      counted('unknown', '10.0.0.2')
    ]
  ])('%s', (_what, peer, forwarded, expected) => {
    expect(find(forwarded, peer)).toEqual(expected)
  })

  test('that has gone already is unknown', () => {
    expect(callerAddress(undefined, undefined, isProxy)).toEqual(counted('unknown'))
  })
})

const port = fc.option(fc.integer({ min: 0, max: 65_535 }), { nil: undefined })
const withPort = (host: string, number: number | undefined) =>
  number === undefined ? host : `${host}:${number}`
/** An address, and a way in which a proxy writes it. */
const written = fc.oneof(
  fc.tuple(fc.ipV4(), port, fc.boolean()).map(([address, number, quoted]) => {
    const text = withPort(address, number)
    return { address, text: quoted ? `"${text}"` : text }
  }),
  fc
    .tuple(fc.array(fc.integer({ min: 1, max: 0xffff }), { minLength: 8, maxLength: 8 }), port, fc.boolean())
    .map(([groups, number, upper]) => {
      const address = groups.map(group => group.toString(16)).join(':')
      const text = withPort(`[${address}]`, number)
      return { address, text: upper ? text.toUpperCase() : text }
    })
)
const blank = fc.constantFrom('', ' ', '\t', '  ')
const entry = fc.tuple(blank, written, blank).map(([before, { address, text }, after]) => ({
  address,
  text: `${before}${text}${after}`
}))

test('whatever proxies and callers write, the caller is the first address from the right that is no proxy', () => {
  const isTrusted = (address: string) => address.charCodeAt(address.length - 1) % 2 === 0
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 8 }), fc.string(), (entries, madeUp) => {
      const hops = ['127.0.0.2', ...entries.map(({ address }) => address).reverse()]
      const expected = hops.find(address => !isTrusted(address))
      const text = entries.map(one => one.text).join(',')
      const found = callerAddress('127.0.0.2', text, isTrusted)
      expect(found).toEqual(counted(expected ?? hops.at(-1) ?? ''))
      // Whatever a caller sends by itself comes before what the proxies write, and changes nothing.
      if (expected !== undefined)
        expect(callerAddress('127.0.0.2', `${madeUp},${text}`, isTrusted)).toEqual(found)
    })
  )
})

test('no text yields anything but an address or unknown, counted as an address', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), text => {
      const { address, countedAs } = find(text)
      expect(countedAs).toMatch(/^[0-9a-f.:]+$/)
      if (address !== 'unknown') expect(address).toBe(countedAs)
    })
  )
})
