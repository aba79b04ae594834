import { BlockList, isIP, SocketAddress } from 'node:net'
import ipaddr from 'ipaddr.js'
import { BoundedMap } from '../base/bounded-map.ts'
import { domainError } from '../contract/error-table.ts'

/** Ranges in canonical form (`10.0.0.0/8`, `192.0.2.7`, `2001:db8::/32`), sorted, each once. Throws address_range_invalid. */
export function readAddressRanges(texts: readonly string[]): readonly string[] {
  if (texts.length === 0) refuse('name one range or more')
  return [...new Set(texts.map(readRange))].sort()
}

/**
 * Whether the canonical ranges, a text with commas, hold an address: IPv4, or IPv6 where an IPv4-mapped address counts as IPv4.
 * No range holds any other text.
 */
export function isInRanges(ranges: string, ip: string): boolean {
  const address = ip.replace(/%.*$/, '').replace(/^::ffff:(?=[0-9]+\.)/i, '')
  const version = isIP(address)
  return version !== 0 && compiled(ranges).check(address, version === 6 ? 'ipv6' : 'ipv4')
}

/**
 * A compiled list takes some 5 kB outside the heap, and a tenant that calls may be one of 100,000: the lists in use are kept,
 * one for all tenants with the same ranges, and the longest unused go first.
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
  const canonical = version === 6 ? new SocketAddress({ address, family: 'ipv6' }).address : address
  const mapped = /^::ffff:([0-9.]+)$/.exec(canonical)?.[1]
  if (mapped !== undefined && prefix >= 96) return readRange(`${mapped}/${prefix - 96}`)
  const range = `${canonical}/${prefix}`
  // A range that begins elsewhere is mostly a slip, and its owner may mean more or less than it admits.
  const { IPv4, IPv6 } = ipaddr
  const first = (version === 6 ? IPv6 : IPv4).networkAddressFromCIDR(range)
  if (first.toString() !== ipaddr.parse(canonical).toString())
    refuse('an address range begins with its first address: 10.0.0.0/8, not 10.1.2.3/8')
  return prefix === bits ? canonical : range
}

function refuse(detail: string): never {
  throw domainError('address_range_invalid', detail)
}
