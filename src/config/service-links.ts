const linkName =
  /^GATEWAY(?:_[A-Z0-9_]+)?_(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|PORT_[0-9]+_(?:TCP|UDP|SCTP)(?:_(?:ADDR|PORT|PROTO))?)$/
const linkValue = /^(?:tcp|udp|sctp):\/\//

/**
 * The variables that Kubernetes, or Docker, sets for each service beside the pod, sorted. Those of a service named `gateway` look
 * like settings.
 */
export function serviceLinks(env: Readonly<Record<string, string | undefined>>): string[] {
  return Object.keys(env)
    .filter(name => linkName.test(name) || isPortLink(name, env[name]))
    .sort()
}

/** Only its value tells `GATEWAY_PORT=tcp://10.0.0.1:8080` from a setting. */
function isPortLink(name: string, value: string | undefined): boolean {
  return /^GATEWAY_(?:[A-Z0-9_]+_)?PORT$/.test(name) && value !== undefined && linkValue.test(value)
}

export function describeServiceLinks(links: readonly string[]): string {
  const services = [...new Set(links.flatMap(serviceOf))].join(', ')
  const [are, count] =
    links.length === 1
      ? ['is no setting but describes', 'counts as not set']
      : ['are no settings but describe', 'count as not set']
  return (
    `${links.join(', ')} ${are} ${services === '' ? 'a service' : `the service ${services}`}, as Kubernetes does, and ${count}: ` +
    'set enableServiceLinks: false in the spec of the pod, or rename the service'
  )
}

function serviceOf(link: string): string[] {
  const [, name] =
    /^(.+)_SERVICE_HOST$/.exec(link) ?? (linkName.test(link) ? [] : (/^(.+)_PORT$/.exec(link) ?? []))
  return name === undefined ? [] : [name.toLowerCase().replaceAll('_', '-')]
}
