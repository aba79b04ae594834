import type { Config } from '../config/config.ts'
import type { EventPublisher } from '../telemetry/events.ts'
import type { Directory } from './directory.ts'
import type { JwtAuthenticator } from './jwt/authenticate.ts'
import { ClientCertificates } from './mtls/client-certificates.ts'

/** How callers authenticate besides keys, where it is configured. */
export type Authenticators = {
  readonly tokens: JwtAuthenticator | undefined
  readonly certificates: ClientCertificates | undefined
  /** Whether the keys of an issuer were unavailable the last time. */
  lackKeys(): boolean
  /** Stops refreshing the issuers' keys. */
  close(): void
}

/** Opens what the settings configure. The library for tokens is loaded only where they are used. */
export async function openAuthenticators(
  { jwtIssuers, clientCertificates }: Config,
  directory: Pick<Directory, 'find'>,
  events: EventPublisher
): Promise<Authenticators> {
  const tokens =
    jwtIssuers.length === 0
      ? undefined
      : (await import('./jwt/authenticate.ts')).openJwtAuthenticator(jwtIssuers, directory, events)
  const certificates =
    clientCertificates.length === 0 ? undefined : new ClientCertificates(clientCertificates, directory)
  return {
    tokens,
    certificates,
    lackKeys: () => tokens?.lackKeys() ?? false,
    close: () => tokens?.close()
  }
}
