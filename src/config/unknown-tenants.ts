import type { Config } from './config.ts'
import type { ConfigIssue } from './error.ts'

/** What is known of a tenant that a setting names: undefined when there is none. */
export type TenantLookup = (name: string) => { readonly disabled: boolean } | undefined

/**
 * Settings that lead callers to tenants which they cannot be: each of them gets 401, as strangers do. It may be created or
 * enabled later, so this is worth a warning.
 */
export function unknownTenants(
  { clientCertificates, tokenIssuers }: Config,
  tenantNamed: TenantLookup
): ConfigIssue[] {
  const mappings = [
    ...clientCertificates.map(({ tenant }, index) => [
      `GATEWAY_CLIENT_CERTIFICATES[${index}].tenant`,
      tenant
    ]),
    ...tokenIssuers.flatMap(({ tenants }, index) =>
      [...(tenants ?? [])].map(([claim, tenant]) => [
        `GATEWAY_JWT_ISSUERS[${index}].tenants.${claim}`,
        tenant
      ])
    )
  ] as [key: string, tenant: string][]
  return mappings.flatMap(([key, tenant]) => {
    const found = tenantNamed(tenant)
    if (found === undefined) return [{ key, detail: `leads to tenant ${tenant}, which does not exist` }]
    return found.disabled ? [{ key, detail: `leads to tenant ${tenant}, which is disabled` }] : []
  })
}
