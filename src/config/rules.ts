import { BlockList, isIP } from 'node:net'
import { isLoopback } from '../base/loopback.ts'
import type { ConfigIssue } from './error.ts'
import { ConfigSchema } from './schema.ts'

type Settings = Readonly<Record<string, unknown>>

/** What the schema cannot say of single settings and of pairs of them. Settings of a wrong form are passed over. */
export function ruleIssues(settings: Settings): ConfigIssue[] {
  return [
    ...hostFaults(settings, 'GATEWAY_HOST', 'GATEWAY_PORT'),
    ...hostFaults(settings, 'GATEWAY_ADMIN_HOST', 'GATEWAY_ADMIN_PORT'),
    ...listenerFaults(settings),
    ...storeFaults(settings),
    ...originFaults(settings),
    ...proxyFaults(settings)
  ]
}

function hostFaults(settings: Settings, key: string, port: string): ConfigIssue[] {
  const value = settings[key]
  if (typeof value !== 'string' || !value.includes(':') || isIP(value) === 6) return []
  return [{ key, detail: `must be a host name or an address; a port goes into ${port}` }]
}

/** Node takes a port for one of two listeners alone: the second would fail to start. 0 is another port each time. */
function listenerFaults(settings: Settings): ConfigIssue[] {
  const { GATEWAY_HOST: host, GATEWAY_PORT: port } = settings
  const { GATEWAY_ADMIN_HOST: adminHost, GATEWAY_ADMIN_PORT: adminPort } = settings
  if (port !== adminPort || port === 0 || !Number.isInteger(port)) return []
  if (typeof host !== 'string' || typeof adminHost !== 'string' || !overlap(host, adminHost)) return []
  const key = 'GATEWAY_ADMIN_PORT'
  return [{ key, detail: `is the port of the public listener too (GATEWAY_PORT): choose another` }]
}

function overlap(host: string, other: string): boolean {
  const [one, two] = [addressOf(host), addressOf(other)]
  return one === two || isEveryAddress(one, two) || isEveryAddress(two, one)
}

function addressOf(host: string): string {
  const name = host.toLowerCase()
  return name === 'localhost' ? '127.0.0.1' : name
}

/** `::` takes connections of IPv4 as well. What a name stands for is not known here: it may be any. */
function isEveryAddress(host: string, other: string): boolean {
  return host === '::' || (host === '0.0.0.0' && isIP(other) !== 6)
}

function storeFaults(settings: Settings): ConfigIssue[] {
  const key = 'GATEWAY_STORE_URL'
  const value = settings[key]
  // `sqlite:///PATH` is an absolute one, as it is for URLs of files.
  if (typeof value !== 'string' || !/^sqlite:\/\/[^/]/.test(value)) return []
  const detail =
    'must not have a host, which is what follows // in a URL: write sqlite:PATH, e.g. sqlite:./data/gateway.db'
  return [{ key, detail }]
}

function originFaults(settings: Settings): ConfigIssue[] {
  const key = 'GATEWAY_UPSTREAM_ORIGIN'
  const value = settings[key]
  if (typeof value !== 'string') return []
  const url = URL.canParse(value) ? new URL(value) : undefined
  if (url?.origin !== value.replace(/\/$/, '') || !/^https?:$/.test(url.protocol))
    return [{ key, detail: `must be ${ConfigSchema.properties[key].description}` }]
  if (url.protocol === 'http:' && !isLoopback(url.hostname))
    return [
      { key, detail: 'http: is refused except for a loopback address: the key would travel in clear text' }
    ]
  return []
}

function proxyFaults(settings: Settings): ConfigIssue[] {
  const key = 'GATEWAY_TRUSTED_PROXIES'
  const value = settings[key]
  if (typeof value !== 'string' || splitList(value).every(isAddressOrRange)) return []
  return [{ key, detail: `must be ${ConfigSchema.properties[key].description}` }]
}

function isAddressOrRange(text: string): boolean {
  const [, address = '', prefix] = /^([^/]+)(?:\/([1-9][0-9]{0,2}))?$/.exec(text) ?? []
  const family = isIP(address)
  if (family === 0) return false
  try {
    new BlockList().addSubnet(address, Number(prefix ?? 32), family === 6 ? 'ipv6' : 'ipv4')
    return true
  } catch {
    return false
  }
}

/** The parts of a text that are separated by commas. */
export function splitList(text: string): string[] {
  return text
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== '')
}
