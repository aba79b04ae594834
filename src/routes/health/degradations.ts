import type { Custody } from '../../custody/open.ts'
import type { TlsSource } from '../../http/tls-reload.ts'
import type { Authenticators } from '../../identity/authenticators.ts'
import type { Principals } from '../../identity/principals.ts'
import type { LedgerCompleteness } from '../../ledger/completeness.ts'
import type { Breaker } from '../../upstream/breaker.ts'
import type { Degradation } from './health.ts'

/** Who knows of a degradation. */
export type DegradationSources = {
  readonly custody: Custody
  readonly breaker: Pick<Breaker, 'hasRejections' | 'isAnyOpen'>
  readonly principals: Pick<Principals, 'areStale'>
  readonly completeness: Pick<LedgerCompleteness, 'isIncomplete'>
  readonly authenticators: Pick<Authenticators, 'tokens'>
  readonly logIsLosing: (() => boolean) | undefined
  readonly tls: Pick<TlsSource, 'hasExpired' | 'isBehindFiles'> | null
}

/** Whether each state holds now. Evaluated at every `/readyz`, which anybody may ask: none of them costs anything. */
const signs: Readonly<Record<Degradation, (sources: DegradationSources) => boolean>> = {
  credential_refused: ({ breaker }) => breaker.hasRejections,
  breaker_open: ({ breaker }) => breaker.isAnyOpen,
  credential_sealed: ({ custody }) => custody.credentials.hasUnreadable,
  credential_not_followed: ({ custody }) => custody.reconciler.isBehindReferences,
  store_unreadable: ({ custody, principals }) => principals.areStale || custody.reconciler.isStale,
  ledger_incomplete: ({ completeness }) => completeness.isIncomplete,
  log_lines_lost: ({ logIsLosing }) => logIsLosing?.() === true,
  issuer_keys_unavailable: ({ authenticators }) => authenticators.tokens?.lackKeys() === true,
  certificate_expired: ({ tls }) => tls?.hasExpired(Date.now()) === true,
  certificate_not_followed: ({ tls }) => tls?.isBehindFiles() === true
}

/** What is degraded now, always in the same order. */
export function degradationsOf(sources: DegradationSources): readonly Degradation[] {
  return (Object.keys(signs) as Degradation[]).filter(name => signs[name](sources))
}
