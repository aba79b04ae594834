import { permissions } from '../../contract/permissions.ts'
import { defaultSettings, largestTenantLimit } from '../../tenants/tenant-settings.ts'
import type { TenantUpdate } from '../../tenants/tenants.ts'
import { option, splitIds, type ValuesOf, wholeNumber } from './options.ts'

/** A tenant's settings and connectors, as options of `tenant create` or `tenant update`. */
export function tenantOptions(when: 'create' | 'update') {
  const limit = wholeNumber(1, largestTenantLimit)
  const { rate_per_minute: rate, burst } = defaultSettings
  const unless = (given: string | number) => (when === 'create' ? ` (default: ${given})` : '')
  return {
    connectors: option('<ids>', "connector ids separated by commas, '*' for all, or none"),
    rate: option('<n>', `calls per minute${unless(rate)}`, limit),
    burst: option('<n>', `calls that may come at once${unless(burst)}`, limit),
    operations: option('<list>', `what it may do: ${permissions.join(',')} or none${unless('all')}`),
    addresses: option(
      '<list>',
      `from where it may call, e.g. 10.0.0.0/8,2001:db8::/32, or any${unless('any')}`
    ),
    credentials: option('<names>', `upstream credentials, the first tried first${unless('default')}`)
  }
}

/** What the options ask for. An option left out is undefined. */
export function desiredSettings(options: ValuesOf<ReturnType<typeof tenantOptions>>): TenantUpdate {
  const { connectors, rate, burst, operations, addresses, credentials } = options
  return {
    rate_per_minute: rate,
    burst,
    connectors: listOrNone(connectors),
    operations: listOrNone(operations),
    addresses: addresses === 'any' ? null : listOrNone(addresses),
    credentials: listOrNone(credentials)
  }
}

function listOrNone(text: string | undefined): readonly string[] | undefined {
  if (text === undefined) return undefined
  return text === 'none' ? [] : splitIds([text])
}
