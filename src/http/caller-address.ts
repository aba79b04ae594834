import { isIP, isIPv4, SocketAddress } from 'node:net'
import ipaddr from 'ipaddr.js'

export type CallerAddress = {
  /** The address of the caller, or `unknown` when a trusted proxy wrote no address. */
  readonly address: string
  /** Where this caller is counted: by its address or, when that is unknown, by that of the last proxy before it. */
  readonly countedAs: string
}

/** Longer entries are not parsed. */
const longestEntry = 64
/** A longer chain of trusted proxies is forged. */
const mostHops = 32

/**
 * The address behind a connection from `peer`. Each proxy appends the address that connected to it, so `X-Forwarded-For` is read
 * from its end to the first entry that is no trusted proxy: entries before it may be forged.
 */
export function callerAddress(
  peer: string | undefined,
  forwarded: string | undefined,
  isProxy: (address: string) => boolean
): CallerAddress {
  const address = peerAddress(peer)
  if (address === null) return { address: 'unknown', countedAs: 'unknown' }
  // Leading commas come from the caller's own empty header; an empty chain names the proxy.
  const chain = forwarded?.replace(/^[ \t,]+/, '') ?? ''
  let last = address
  let end = chain.length
  for (let hops = 0; end > 0 && isProxy(last); hops++) {
    const comma = chain.lastIndexOf(',', end - 1)
    const found = hops < mostHops ? readForwarded(chain.slice(comma + 1, end)) : null
    if (found === null) return { address: 'unknown', countedAs: last }
    last = found
    end = comma
  }
  return { address: last, countedAs: last }
}

/** The peer's address; a dual-stack listener shows IPv4 in its IPv6 form. Null when the peer has gone. */
function peerAddress(peer = ''): string | null {
  const address = peer.replace(/^::ffff:(?=[0-9]+\.)/i, '').replace(/%.*$/, '')
  return isIP(address) === 0 ? null : address
}

/** The address in an entry of `X-Forwarded-For`: IPv4 or IPv6, with or without port, brackets, quotes and zone; else null. */
export function readForwarded(entry: string): string | null {
  if (entry.length > longestEntry) return null
  if (isIPv4(entry)) return entry
  const text = entry.replace(/^[ \t]+|[ \t]+$/g, '').replace(/^"(.*)"$/, '$1')
  const [, inBrackets, withPort] = /^(?:\[([^[\]]+)\]|([0-9.]+))(?::[0-9]{1,5})?$/.exec(text) ?? []
  if (inBrackets !== undefined) return inBrackets.includes(':') ? plainAddress(inBrackets) : null
  return plainAddress(withPort ?? text)
}

/** An address in canonical form: IPv4-mapped as IPv4, and without a zone, which names an interface. Null for none. */
function plainAddress(text: string): string | null {
  const address = text.replace(/%.*$/, '')
  const family = isIP(address)
  if (family !== 6) return family === 4 ? address : null
  const canonical = new SocketAddress({ address, family: 'ipv6' }).address
  return /^::ffff:([0-9.]+)$/.exec(canonical)?.[1] ?? canonical
}

/** The network that an address is counted as: itself, or for IPv6 its /64, in which a host chooses addresses freely. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address
  const parsed = ipaddr.IPv6.parse(address.replace(/%.*$/, ''))
  if (parsed.isIPv4MappedAddress()) return parsed.toIPv4Address().toString()
  const network = parsed.parts.slice(0, 4)
  return network.map(part => part.toString(16)).join(':')
}
