/** The limits of a tenant for which nobody chose others: a sustained rate, and how many calls may come at once. */
export const defaultTenantLimits = { ratePerMinute: 60, burst: 10 } as const

/** The largest rate and burst that can be set. */
export const largestTenantLimit = 1_000_000_000
