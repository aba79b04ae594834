import { isIP } from 'node:net'
import { isLoopback } from '../base/loopback.ts'
import type { ConfigIssue } from './error.ts'
import { ConfigSchema, type SettingName } from './schema.ts'

type Given = Readonly<Record<string, unknown>>
/** What is wrong with the text of a setting, or null. */
type Rule = (value: string) => string | null

/** What the schema cannot say of single settings. */
const rules: { readonly [Name in SettingName]?: Rule } = {
  GATEWAY_HOST: hostRule('GATEWAY_PORT'),
  GATEWAY_ADMIN_HOST: hostRule('GATEWAY_ADMIN_PORT'),
  // `sqlite:///PATH` is an absolute one, as it is for URLs of files.
  GATEWAY_STORE_URL: value =>
    /^sqlite:\/\/[^/]/.test(value)
      ? 'must not have a host, which is what follows // in a URL: write sqlite:PATH, e.g. sqlite:./data/gateway.db'
      : null,
  GATEWAY_UPSTREAM_ORIGIN(value) {
    const url = URL.canParse(value) ? new URL(value) : undefined
    if (url?.origin !== value.replace(/\/$/, '') || !/^https?:$/.test(url.protocol))
      return expected('GATEWAY_UPSTREAM_ORIGIN')
    if (url.protocol === 'https:' || isLoopback(url.hostname)) return null
    return 'http: is refused except for a loopback address: the key would travel in clear text'
  },
  GATEWAY_TRUSTED_PROXIES: value =>
    splitList(value).every(isAddressOrRange) ? null : expected('GATEWAY_TRUSTED_PROXIES')
}

/** What the schema cannot say of single settings and of pairs of them. Settings of a wrong form are passed over. */
export function ruleIssues(settings: Given): ConfigIssue[] {
  const broken = Object.entries(rules).map(([key, rule]) => {
    const value = settings[key]
    return { key, detail: typeof value === 'string' ? rule(value) : null }
  })
  broken.push({ key: 'GATEWAY_ADMIN_PORT', detail: samePort(settings) })
  return broken.flatMap(({ key, detail }) => (detail === null ? [] : [{ key, detail }]))
}

function hostRule(port: SettingName): Rule {
  return value =>
    value.includes(':') && isIP(value) !== 6
      ? `must be a host name or an address; a port goes into ${port}`
      : null
}

function expected(name: SettingName): string {
  return `must be ${ConfigSchema.properties[name].description}`
}

/** Node takes a port for one of two listeners alone: the second would fail to start. 0 is another port each time. */
function samePort(settings: Given): string | null {
  const { GATEWAY_HOST: host, GATEWAY_PORT: port } = settings
  const { GATEWAY_ADMIN_HOST: adminHost, GATEWAY_ADMIN_PORT: adminPort } = settings
  if (port !== adminPort || port === 0 || !Number.isInteger(port)) return null
  if (typeof host !== 'string' || typeof adminHost !== 'string' || !overlap(host, adminHost)) return null
  return 'is the port of the public listener too (GATEWAY_PORT): choose another'
}

function overlap(...hosts: [string, string]): boolean {
  const [one = '', other = ''] = hosts.map(host => host.toLowerCase().replace(/^localhost$/, '127.0.0.1'))
  return one === other || isEveryAddress(one, other) || isEveryAddress(other, one)
}

/** `::` takes connections of IPv4 as well. What a name stands for is not known here: it may be any. */
function isEveryAddress(host: string, other: string): boolean {
  return host === '::' || (host === '0.0.0.0' && isIP(other) !== 6)
}

function isAddressOrRange(text: string): boolean {
  const [, address = '', prefix = '1'] = /^([0-9A-Fa-f.:]+)(?:\/([1-9][0-9]{0,2}))?$/.exec(text) ?? []
  const family = isIP(address)
  return family !== 0 && Number(prefix) <= (family === 6 ? 128 : 32)
}

/** The parts of a text that are separated by commas. */
export function splitList(text: string): string[] {
  return text
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== '')
}
