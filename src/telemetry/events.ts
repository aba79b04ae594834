import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel'

type Level = 'debug' | 'info' | 'warn' | 'error' | 'fatal'

type EventKind<Payload> = { readonly level: Level; readonly message: string; readonly carries?: Payload }

/** Without a type it carries nothing. */
function event<Payload = Record<never, never>>(level: Level, message: string): EventKind<Payload> {
  return { level, message }
}

type Failure = { readonly err: unknown }
type OfCredential = { readonly credential: string }
type OfIssuer = { readonly issuer: string }
type Addresses = { url: string; admin_url: string; upstream: string; version: string }
type Certificate = { readonly not_after: string; readonly days_left: number }
type Incident<Name extends string> = { readonly incident: Name }

/** Every event by its stable name, with the level and message of its log line. Operators alert on names. */
export const eventTable = {
  'process.starting': event<{ pid: number }>('info', 'starting'),
  'process.signal_ignored': event<{ signal: string; reason: string }>('warn', 'signal ignored'),
  'process.inspector_closed': event('warn', 'inspector closed: it could read keys'),
  'process.core_dump_not_emptied': event<Failure>(
    'warn',
    'core dumps may hold keys: forbid them (ulimit -c 0)'
  ),
  'process.commands_rerun': event<{ signal: string; commands: number }>('info', 'exec: commands rerun'),
  'process.drain_announced': event<{ signal: string; delay_ms: number }>('info', 'drain announced'),
  'process.draining': event<{ signal: string }>('info', 'draining'),
  'process.drained': event('info', 'drained'),
  'process.drain_failed': event<Failure>('fatal', 'drain failed'),
  'process.drain_timed_out': event('fatal', 'drain timed out'),
  'process.store_thread_ended': event<Failure>('fatal', 'store thread ended'),
  'process.uncaught_exception': event<Failure>('fatal', 'uncaught exception'),
  'gateway.ready': event<Addresses & { writer: string }>('info', 'ready'),
  'gateway.sealed': event<Addresses & { reason: string }>('error', 'sealed'),
  'gateway.still_sealed': event<{ reason: string }>('error', 'still sealed'),
  'gateway.cleanup_failed': event<Failure>('error', 'cleanup of a failed start failed'),
  'setting.questionable': event<{ warning: string }>('warn', 'questionable setting'),
  'certificate.read': event<Certificate>('info', 'TLS certificate read'),
  'certificate.expiring': event<Certificate>('warn', 'TLS certificate expired or about to expire'),
  'certificate.rejected': event<Failure>('warn', 'new TLS files rejected'),
  'credential.in_use': event<OfCredential>('info', 'credential in use'),
  'credential.reverted': event<OfCredential & { from: number; to: number }>(
    'error',
    'credential rolled back: the upstream rejects the new key'
  ),
  'credential.revert_not_persisted': event<Failure>('error', 'could not persist the credential rollback'),
  'credential.unreadable': event<Failure>('error', 'credential unreadable'),
  'credential.not_fetched': event<Failure>('error', 'could not fetch the key of a credential'),
  'credentials.not_read': event<Failure>('error', 'could not read the credentials'),
  'credentials.unusable': event<Failure>('error', 'credentials unusable'),
  'exec.without_init': event(
    'warn',
    'exec: commands without an init: what they leave behind stays as zombies'
  ),
  'breaker.opened': event<OfCredential>('error', 'breaker open: the upstream rejects this key'),
  'breaker.closed': event<OfCredential>('info', 'breaker closed: the upstream accepts this key again'),
  'key.leaked': event<OfCredential & Incident<'credential_echoed'> & { request_id: string }>(
    'error',
    'upstream key in an answer of the upstream'
  ),
  'ledger.fault': event<Failure>('error', 'ledger unavailable'),
  'ledger.recovered': event('info', 'ledger available again'),
  'ledger.incomplete': event<
    Incident<'ledger_incomplete'> & { writer: string; acknowledged: number; stored: number }
  >('error', 'acknowledged entries missing'),
  'ledger.not_compared': event<Failure>(
    'error',
    'could not compare the ledger with the records beside the store'
  ),
  'writer.recovered': event<{ writer: string; open_calls: number }>('warn', 'dead writer recovered'),
  'directory.not_read': event<Failure>('error', 'could not read the tenants'),
  'admin_keys.not_read': event<Failure>('error', 'could not read the admin keys'),
  'key_uses.not_written': event<Failure>('error', 'could not write the last uses of keys'),
  'issuer.keys_read': event<OfIssuer & { keys: number }>('info', 'issuer keys read'),
  'issuer.keys_unavailable': event<OfIssuer & Failure & { from: string }>('warn', 'issuer keys unavailable'),
  'issuer.keys_available': event<OfIssuer>('info', 'issuer keys available again'),
  'issuer.keys_expired': event<OfIssuer>('error', 'issuer keys too old: its tokens are rejected'),
  'token.rejected': event<
    Partial<OfIssuer> & { request_id: string | undefined; reason: string; error?: string }
  >('debug', 'token rejected')
} as const satisfies Record<string, EventKind<unknown>>

export type EventName = keyof typeof eventTable
export type EventPayload<Name extends EventName> = NonNullable<(typeof eventTable)[Name]['carries']>

/** Events that carry only an error. */
export type FailureEvent = {
  [Name in EventName]: Failure extends EventPayload<Name> ? Name : never
}[EventName]

/** For the domains, which do not listen. */
export type EventPublisher = Pick<Events, 'publish'>

type Message<Name extends EventName> = { readonly source: Events; readonly payload: EventPayload<Name> }

/** The events of one gateway. Channels are shared by all gateways of a process: a listener gets those of its gateway alone. */
export class Events {
  /** Calls all listeners synchronously. Nothing essential may depend on one. */
  publish<Name extends EventName>(name: Name, payload: EventPayload<Name>): void {
    const subscribed = channel(channelOf(name))
    if (!subscribed.hasSubscribers) return
    const message: Message<Name> = { source: this, payload }
    subscribed.publish(message)
  }

  /** Returns what ends the subscription. */
  subscribe<Name extends EventName>(name: Name, listener: (payload: EventPayload<Name>) => void): () => void {
    const filter = (message: unknown) => {
      const { source, payload } = message as Message<Name>
      if (source === this) listener(payload)
    }
    subscribe(channelOf(name), filter)
    return () => void unsubscribe(channelOf(name), filter)
  }
}

function channelOf(name: EventName): string {
  return `connector-gateway.${name}`
}
