import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isInRanges, readAddressRanges } from '../../src/tenants/address-ranges.ts'
import { propertySeed } from '../support/scenario/seed.ts'

const seed = propertySeed()

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['192.0.2.7/32', '192.0.2.7'],
  ['10.0.0.0/8', '10.0.0.0/8'],
  ['0.0.0.0/0', '0.0.0.0/0'],
  ['2001:DB8:0:0::/32', '2001:db8::/32'],
  ['2001:db8::1/128', '2001:db8::1'],
  ['::/0', '::/0'],
  ['::ffff:10.0.0.0/104', '10.0.0.0/8'],
  ['::ffff:a00:1', '10.0.0.1'],
  ['::1.2.3.4', '::1.2.3.4'],
  ['64:ff9b::1.2.3.4', '64:ff9b::102:304']
])('the range %s is kept as %s', (text, range) => {
  expect(readAddressRanges([text, text])).toEqual([range])
})

test.each([
  '',
  '10',
  '10.0.0',
  '010.0.0.1',
  '0x0a.0.0.1',
  '10.0.0.0/33',
  '10.0.0.0/08',
  '10.0.0.0/255.0.0.0',
  ' 10.0.0.0/8',
  '10.1.2.3/8',
  'fe80::1%eth0',
  '2001:db8::/129',
  '2001:db8::1/64',
  '::ffff:10.0.0.1/104',
  'localhost'
])('%j is refused as an address range', text => {
  expect(() => readAddressRanges(['192.0.2.7', text])).toThrow(
    expect.objectContaining({ code: 'address_range_invalid' })
  )
})

test(`a range begins with its first address and admits those that share its prefix (seed ${seed})`, () => {
  const address = fc.integer({ min: 0, max: 2 ** 32 - 1 })
  const text = (number: number) => [24, 16, 8, 0].map(shift => (number >>> shift) & 255).join('.')
  fc.assert(
    fc.property(address, address, fc.integer({ min: 1, max: 32 }), (one, other, prefix) => {
      const network = (number: number) => (number >>> (32 - prefix)) * 2 ** (32 - prefix)
      const read = () => readAddressRanges([`${text(one)}/${prefix}`])
      if (network(one) !== one) expect(read).toThrow()
      const [range = ''] = readAddressRanges([`${text(network(one))}/${prefix}`])
      const isWithin = network(other) === network(one)
      for (const from of [text(other), `::ffff:${text(other)}`])
        expect(isInRanges(range, from)).toBe(isWithin)
      expect(isInRanges(range, text(one))).toBe(true)
    }),
    { seed }
  )
})
