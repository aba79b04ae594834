import { isLoopback } from '../base/loopback.ts'
import { ConfigSchema } from './schema.ts'
import { describeServiceLinks } from './service-links.ts'
import { suggestionFor } from './suggestions.ts'

export type Environment = Readonly<Record<string, string | undefined>>

type Expectations = {
  readonly links: readonly string[]
  readonly execEnvironment: readonly string[]
  /** URLs that the gateway connects to; `file:` references are skipped. */
  readonly outside: readonly string[]
}

/** An empty variable counts as not set. */
export function isSet(env: Environment, name: string): boolean {
  return (env[name] ?? '') !== ''
}

/** Warnings about variables that may not do what is expected. */
export function environmentWarnings(
  env: Environment,
  { links, execEnvironment, outside }: Expectations
): string[] {
  const unknown = Object.keys(env).filter(
    name =>
      name.startsWith('GATEWAY_') && !links.includes(name) && !Object.hasOwn(ConfigSchema.properties, name)
  )
  // The service may have other variables than the shell that runs `check`.
  const unset = execEnvironment.filter(name => !isSet(env, name))
  const proxies = proxyVariables.filter(name => isSet(env, name))
  const direct = proxies.length === 0 ? [] : originsPastProxy(env, outside)
  return [
    unknown.length > 0 &&
      `${unknown.join(', ')} ${unknown.length === 1 ? 'is set but is not a setting' : 'are set but are not settings'}` +
        suggestionFor(...unknown),
    links.length > 0 && describeServiceLinks(links),
    // Without the proxy's address, which may hold a password.
    direct.length > 0 &&
      `${proxies.join(', ')} ${isOrAre(proxies)} not used: the gateway goes to ${direct.join(', ')} directly. ` +
        'Allow that in the network, and name them in NO_PROXY',
    unset.length > 0 &&
      `GATEWAY_EXEC_ENVIRONMENT: ${unset.join(', ')} ${isOrAre(unset)} not set in this environment: commands of exec: references run without ${unset.length === 1 ? 'it' : 'them'}`
  ].filter(sentence => sentence !== false)
}

function isOrAre({ length }: readonly string[]): string {
  return length === 1 ? 'is' : 'are'
}

const proxyVariables = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy']

/** The origins outside this machine that NO_PROXY does not name. */
function originsPastProxy(env: Environment, urls: readonly string[]): string[] {
  const exceptions = `${env['NO_PROXY'] ?? ''},${env['no_proxy'] ?? ''}`.split(',').map(entry => entry.trim())
  const origins = urls.filter(url => !url.startsWith('file:')).map(url => new URL(url).origin)
  return [...new Set(origins)].filter(origin => {
    const { hostname, port } = new URL(origin)
    return !isLoopback(hostname) && !exceptions.some(entry => covers(entry, hostname, port || '443'))
  })
}

/** Entries of NO_PROXY are `*`, a name that includes its subdomains (also as `.name`, `*.name`), or an address, each with or without port. */
function covers(entry: string, hostname: string, port: string): boolean {
  if (entry === '*') return true
  const [, written = '', ofPort] = /^(.*?)(?::([0-9]+))?$/.exec(entry.toLowerCase()) ?? []
  const name = written.replace(/^\*?\./, '')
  if (name === '' || (ofPort !== undefined && ofPort !== port)) return false
  return hostname === name || hostname.endsWith(`.${name}`)
}
