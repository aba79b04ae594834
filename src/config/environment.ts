import { isLoopback } from '../base/loopback.ts'
import { ConfigSchema } from './schema.ts'
import { describeServiceLinks } from './service-links.ts'
import { suggestionFor } from './suggestions.ts'

export type Environment = Readonly<Record<string, string | undefined>>

type Expectations = {
  /** Variables that Kubernetes has set, by their names. */
  readonly links: readonly string[]
  /** Variables that commands of `exec:` references see. */
  readonly execEnvironment: readonly string[]
  /** What the gateway connects to: URLs, and `file:` references, which are passed over. */
  readonly outside: readonly string[]
}

/** An empty variable counts as not set. */
export function isSet(env: Environment, name: string): boolean {
  return (env[name] ?? '') !== ''
}

/** Sentences about variables that do not do what whoever set them may expect. */
export function environmentWarnings(
  env: Environment,
  { links, execEnvironment, outside }: Expectations
): string[] {
  const unknown = Object.keys(env).filter(
    name =>
      name.startsWith('GATEWAY_') && !links.includes(name) && !Object.hasOwn(ConfigSchema.properties, name)
  )
  // Whoever runs `check` may have other variables than the service has.
  const unset = execEnvironment.filter(name => !isSet(env, name))
  const proxies = proxyVariables.filter(name => isSet(env, name))
  const direct = proxies.length === 0 ? [] : originsPastProxy(env, outside)
  return [
    unknown.length > 0 &&
      `${unknown.join(', ')} ${unknown.length === 1 ? 'is set but is not a setting' : 'are set but are not settings'}` +
        suggestionFor(...unknown),
    links.length > 0 && describeServiceLinks(links),
    // Of the proxy nothing is shown: its address may hold a password.
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

/** An entry of NO_PROXY: `*`, a name that stands for those below it too (a dot or `*.` before it or not), an address; `:PORT` behind it. */
function covers(entry: string, hostname: string, port: string): boolean {
  if (entry === '*') return true
  const [, written = '', ofPort] = /^(.*?)(?::([0-9]+))?$/.exec(entry.toLowerCase()) ?? []
  const name = written.replace(/^\*?\./, '')
  if (name === '' || (ofPort !== undefined && ofPort !== port)) return false
  return hostname === name || hostname.endsWith(`.${name}`)
}
