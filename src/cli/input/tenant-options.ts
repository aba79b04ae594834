import type { Command } from 'commander'
import { permissions } from '../../contract/permissions.ts'
import { defaultSettings, largestTenantLimit } from '../../tenants/tenant-settings.ts'
import type { TenantUpdate } from '../../tenants/tenants.ts'
import { type ConfigOptions, splitIds, wholeNumber } from './options.ts'

/** The options of `tenant create` and `tenant update`. */
export type TenantOptions = ConfigOptions & {
  readonly connectors?: string
  readonly rate?: number
  readonly burst?: number
  readonly operations?: string
  readonly addresses?: string
  readonly credentials?: string
}

/** Adds a tenant's settings and connectors. */
export function withTenantOptions(command: Command, when: 'create' | 'update'): Command {
  const limit = wholeNumber(1, largestTenantLimit)
  const { rate_per_minute: rate, burst } = defaultSettings
  const unless = (given: string | number) => (when === 'create' ? ` (default: ${given})` : '')
  return command
    .option('--connectors <ids>', "connector ids separated by commas, '*' for all, or none")
    .option('--rate <n>', `calls per minute${unless(rate)}`, limit)
    .option('--burst <n>', `calls that may come at once${unless(burst)}`, limit)
    .option('--operations <list>', `what it may do: ${permissions.join(',')} or none${unless('all')}`)
    .option(
      '--addresses <list>',
      `from where it may call, e.g. 10.0.0.0/8,2001:db8::/32, or any${unless('any')}`
    )
    .option('--credentials <names>', `upstream credentials, the first tried first${unless('default')}`)
}

/** What the options ask for. An option left out is undefined. */
export function desiredSettings(options: TenantOptions): TenantUpdate {
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
