import { isLoopback } from '../base/loopback.ts'

type Environment = Readonly<Record<string, string | undefined>>

const proxyVariables = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy']

/**
 * A sentence when the environment names a proxy for the outside and one of these origins is there: the gateway goes to
 * them directly. Null when there is nothing to say. Of the proxy nothing is shown: its address may hold a password.
 */
export function describeUnusedProxy(env: Environment, origins: readonly string[]): string | null {
  const given = proxyVariables.filter(name => (env[name] ?? '') !== '')
  const exceptions = `${env['NO_PROXY'] ?? ''},${env['no_proxy'] ?? ''}`.split(',').map(entry => entry.trim())
  const outside = [...new Set(origins)].filter(origin => {
    const { hostname, port } = new URL(origin)
    return !isLoopback(hostname) && !exceptions.some(entry => covers(entry, hostname, port || '443'))
  })
  if (given.length === 0 || outside.length === 0) return null
  return (
    `${given.join(', ')} ${given.length === 1 ? 'is' : 'are'} not used: the gateway goes to ${outside.join(', ')} directly. ` +
    'Let it out there without a proxy, and say so by NO_PROXY'
  )
}

/** An entry of NO_PROXY: `*`, a name that stands for those below it too (a dot or `*.` before it or not), an address; `:PORT` behind it. */
function covers(entry: string, hostname: string, port: string): boolean {
  if (entry === '*') return true
  const [, written = '', ofPort] = /^(.*?)(?::([0-9]+))?$/.exec(entry.toLowerCase()) ?? []
  const name = written.replace(/^\*?\./, '')
  if (name === '' || (ofPort !== undefined && ofPort !== port)) return false
  return hostname === name || hostname.endsWith(`.${name}`)
}
