import { isIP } from 'node:net'
import { isLoopback } from '../base/loopback.ts'
import { certificateName } from './authentication.ts'
import type { ConfigIssue } from './error.ts'
import { ConfigSchema, type Settings } from './schema.ts'

type Finding = readonly [key: string, detail: string | false]

/** What the schema cannot say, of those settings in which it found no fault. */
export function ruleIssues(settings: Partial<Settings>): ConfigIssue[] {
  const findings = [...textFindings(settings), ...listFindings(settings), ...tlsFindings(settings)]
  return findings.flatMap(([key, detail]) => (detail === false ? [] : [{ key, detail }]))
}

const hostForm = 'must be a host name or an address; a port goes into'

function textFindings(settings: Partial<Settings>): Finding[] {
  const { GATEWAY_HOST: host, GATEWAY_ADMIN_HOST: adminHost, GATEWAY_STORE_URL: store = '' } = settings
  return [
    ['GATEWAY_HOST', hasPort(host) && `${hostForm} GATEWAY_PORT`],
    ['GATEWAY_ADMIN_HOST', hasPort(adminHost) && `${hostForm} GATEWAY_ADMIN_PORT`],
    [
      'GATEWAY_ADMIN_PORT',
      isSamePort(settings) && 'is the port of the public listener too (GATEWAY_PORT): choose another'
    ],
    [
      'GATEWAY_STORE_URL',
      // `sqlite:///PATH` is an absolute path, as in a file URL.
      /^sqlite:\/\/[^/]/.test(store) &&
        'must not have a host, the part behind // in a URL: write sqlite:PATH, e.g. sqlite:./data/gateway.db'
    ],
    ['GATEWAY_UPSTREAM_ORIGIN', originFault(settings.GATEWAY_UPSTREAM_ORIGIN)],
    [
      'GATEWAY_TRUSTED_PROXIES',
      !splitList(settings.GATEWAY_TRUSTED_PROXIES ?? '').every(isAddressOrRange) &&
        `must be ${ConfigSchema.properties.GATEWAY_TRUSTED_PROXIES.description}`
    ]
  ]
}

function listFindings(settings: Partial<Settings>): Finding[] {
  const { GATEWAY_JWT_ISSUERS: issuers = [], GATEWAY_CLIENT_CERTIFICATES: mappings = [] } = settings
  const [names, issuerTexts] = [issuers.map(({ name }) => name), issuers.map(({ issuer }) => issuer)]
  return [
    ...repeatedIn(names).map(
      index => [`GATEWAY_JWT_ISSUERS[${index}].name`, 'is also the name of an earlier issuer'] as const
    ),
    ...repeatedIn(issuerTexts).map(
      index => [`GATEWAY_JWT_ISSUERS[${index}].issuer`, 'is also the issuer of an earlier entry'] as const
    ),
    ...repeatedIn(mappings.map(certificateName)).map(
      index =>
        [`GATEWAY_CLIENT_CERTIFICATES[${index}]`, 'maps the same certificates as an earlier entry'] as const
    )
  ]
}

function tlsFindings(settings: Partial<Settings>): Finding[] {
  const needs = [
    ['GATEWAY_TLS_CERT', 'GATEWAY_TLS_KEY'],
    ['GATEWAY_TLS_KEY', 'GATEWAY_TLS_CERT'],
    ['GATEWAY_TLS_CLIENT_CA', 'GATEWAY_TLS_CERT'],
    ['GATEWAY_CLIENT_CERTIFICATES', 'GATEWAY_TLS_CLIENT_CA']
  ] as const
  return needs.map(([given, needed]) => [
    given,
    Boolean(settings[given]?.length) && settings[needed] === '' && `needs ${needed} too`
  ])
}

function hasPort(host = ''): boolean {
  return host.includes(':') && isIP(host) !== 6
}

function originFault(text: string | undefined): string | false {
  if (text === undefined) return false
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.origin !== text.replace(/\/$/, '') || !/^https?:$/.test(url.protocol))
    return `must be ${ConfigSchema.properties.GATEWAY_UPSTREAM_ORIGIN.description}`
  return (
    url.protocol === 'http:' &&
    !isLoopback(url.hostname) &&
    'http: is refused except for a loopback address: the key would travel in clear text'
  )
}

/** Two listeners cannot share a port. 0 is another port each time. */
function isSamePort(settings: Partial<Settings>): boolean {
  const { GATEWAY_HOST: host, GATEWAY_ADMIN_HOST: adminHost, GATEWAY_PORT: port = 0 } = settings
  if (port === 0 || port !== settings.GATEWAY_ADMIN_PORT || !host || !adminHost) return false
  const [one = '', other = ''] = [host, adminHost].map(name =>
    name.toLowerCase().replace(/^localhost$/, '127.0.0.1')
  )
  return one === other || isEveryAddress(one, other) || isEveryAddress(other, one)
}

/** `::` includes IPv4. A name may resolve to any address. */
function isEveryAddress(host: string, other: string): boolean {
  return host === '::' || (host === '0.0.0.0' && isIP(other) !== 6)
}

function isAddressOrRange(text: string): boolean {
  const [, address = '', prefix = '1'] = /^([0-9A-Fa-f.:]+)(?:\/([1-9][0-9]{0,2}))?$/.exec(text) ?? []
  const family = isIP(address)
  return family !== 0 && Number(prefix) <= (family === 6 ? 128 : 32)
}

/** The positions of values that also occur earlier. */
function repeatedIn(values: readonly unknown[]): number[] {
  return values.flatMap((value, index) => (values.indexOf(value) < index ? [index] : []))
}

export function splitList(text: string): string[] {
  return text
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== '')
}
