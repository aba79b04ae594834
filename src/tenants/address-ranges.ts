import { BlockList, isIP, SocketAddress } from 'node:net'
import { BoundedMap } from '../base/bounded-map.ts'
import { domainError } from '../contract/error-table.ts'

/** From where a tenant may call. */
export type Addresses = {
  /** Whether an address may call: IPv4, or IPv6 with IPv4-mapped ones counting as IPv4. Any other text may not. */
  admits(ip: string): boolean
}

/** No restriction. One object for all tenants without one. */
export const anyAddress: Addresses = Object.freeze({ admits: () => true })

/**
 * Ranges in one form each (`10.0.0.0/8`, `192.0.2.7`, `2001:db8::/32`), sorted, each once.
 * Throws Refusal: address_range_invalid.
 */
export function readAddressRanges(texts: readonly string[]): readonly string[] {
  if (texts.length === 0) refuse('name one range or more')
  return [...new Set(texts.map(readRange))].sort()
}

/** What admits the ranges that `readAddressRanges` gave, as one text with commas; null stands for any address. */
export function addressesOf(ranges: string | null): Addresses {
  return ranges === null ? anyAddress : new AddressRanges(ranges)
}

class AddressRanges implements Addresses {
  readonly #ranges: string

  constructor(ranges: string) {
    this.#ranges = ranges
  }

  admits(ip: string): boolean {
    const address = ip.replace(/%.*$/, '').replace(/^::ffff:(?=[0-9]+\.)/i, '')
    const version = isIP(address)
    return version !== 0 && compiled(this.#ranges).check(address, version === 6 ? 'ipv6' : 'ipv4')
  }
}

/**
 * A compiled list takes some 5 kB outside the heap, and a tenant that calls may be one of 100,000: those in use are kept,
 * once for all tenants of the same ranges, and the longest unused go first.
 */
const compiledLists = new BoundedMap<string, BlockList>(2_000)

function compiled(ranges: string): BlockList {
  const list = compiledLists.get(ranges) ?? compile(ranges)
  compiledLists.set(ranges, list)
  return list
}

function compile(ranges: string): BlockList {
  const list = new BlockList()
  for (const range of ranges.split(',')) {
    const [address = '', prefix] = range.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (prefix === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(prefix), family)
  }
  return list
}

function readRange(text: string): string {
  const [, address = '', prefixText] = /^([0-9A-Fa-f.:]+)(?:\/(0|[1-9][0-9]{0,2}))?$/.exec(text) ?? []
  const version = isIP(address)
  const bits = version === 6 ? 128 : 32
  const prefix = prefixText === undefined ? bits : Number(prefixText)
  if (version === 0 || prefix > bits)
    refuse('an address range is written as 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32')
  const usual = version === 6 ? new SocketAddress({ address, family: 'ipv6' }).address : address
  const mapped = /^::ffff:([0-9.]+)$/.exec(usual)?.[1]
  if (mapped !== undefined && prefix >= 96) return readRange(`${mapped}/${prefix - 96}`)
  // A range that begins elsewhere is mostly a slip, and its owner may mean more or less than it admits.
  if (numberOf(usual, version) & ((1n << BigInt(bits - prefix)) - 1n))
    refuse('an address range begins with its first address: 10.0.0.0/8, not 10.1.2.3/8')
  return prefix === bits ? usual : `${usual}/${prefix}`
}

/** An address in its usual form as a number. */
function numberOf(address: string, version: number): bigint {
  if (version === 4) return join(address.split('.').map(Number), 8n)
  // The last 32 bits may be written as IPv4.
  const plain = address.replace(/[0-9]+(?:\.[0-9]+){3}$/, ipv4 => {
    const [a = 0, b = 0, c = 0, d = 0] = ipv4.split('.').map(Number)
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
  })
  const [head = [], tail = []] = plain.split('::').map(part => part.split(':').filter(group => group !== ''))
  const groups = [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail]
  return join(
    groups.map(group => Number.parseInt(group, 16)),
    16n
  )
}

function join(parts: readonly number[], bits: bigint): bigint {
  return parts.reduce((sum, part) => (sum << bits) | BigInt(part), 0n)
}

function refuse(detail: string): never {
  throw domainError('address_range_invalid', detail)
}
