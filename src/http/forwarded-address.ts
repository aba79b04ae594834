import { isIP, SocketAddress } from 'node:net'

/** Who asks, as far as proxies can say. */
export type CallerAddress = {
  /** The address of the caller, or `unknown` when a trusted proxy wrote something else in its place. */
  readonly address: string
  /** Where what this caller does is counted: its address or, when that is unknown, that of the last proxy before it. */
  readonly countedAs: string
}

/** What no address can be: longer texts are not looked at. */
const longestEntry = 64
/** A chain of more trusted proxies than this is none: somebody wants it walked. */
const mostHops = 32

/**
 * The address behind a connection from `peer`, by the text of its `X-Forwarded-For`. Each proxy writes whom it was asked by at the
 * end, so the chain is walked from there, and no further than the first entry that is no trusted proxy: what stands before that,
 * its owner may have made up.
 */
export function callerAddress(
  peer: string | undefined,
  forwarded: string | undefined,
  isProxy: (address: string) => boolean
): CallerAddress {
  const address = peerAddress(peer)
  if (address === null) return { address: 'unknown', countedAs: 'unknown' }
  if (forwarded === undefined || !isProxy(address)) return { address, countedAs: address }
  return walk(address, forwarded, isProxy)
}

function walk(peer: string, forwarded: string, isProxy: (address: string) => boolean): CallerAddress {
  // A caller's own empty header is put in front; one that is empty altogether names nobody but the proxy.
  const chain = forwarded.replace(/^[ \t,]+/, '')
  let last = peer
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

/** What the operating system says of the other end: a dual-stack listener shows IPv4 in its IPv6 form. Null when it has gone. */
function peerAddress(peer = ''): string | null {
  const address = peer.replace(/^::ffff:(?=[0-9]+\.)/i, '').replace(/%.*$/, '')
  return isIP(address) === 0 ? null : address
}

/**
 * The address in one entry of `X-Forwarded-For`, in the forms that proxies write: `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`,
 * `[2001:db8::1]`, `[2001:db8::1]:4711`, in quotes or not, with a zone or not. Null for anything else.
 */
export function readForwarded(entry: string): string | null {
  if (entry.length > longestEntry) return null
  const text = entry.replace(/^[ \t]+|[ \t]+$/g, '').replace(/^"(.*)"$/, '$1')
  const [, inBrackets, withPort] = /^(?:\[([^[\]]+)\]|([0-9.]+))(?::[0-9]{1,5})?$/.exec(text) ?? []
  if (inBrackets !== undefined) return inBrackets.includes(':') ? plainAddress(inBrackets) : null
  return plainAddress(withPort ?? text)
}

/** An address in its usual form: IPv4-mapped as IPv4, and without a zone, which is a name of somebody's machine. Null for none. */
function plainAddress(text: string): string | null {
  const address = text.replace(/%.*$/, '')
  const family = isIP(address)
  if (family !== 6) return family === 4 ? address : null
  const usual = new SocketAddress({ address, family: 'ipv6' }).address
  return /^::ffff:([0-9.]+)$/.exec(usual)?.[1] ?? usual
}
