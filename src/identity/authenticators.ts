import type { Config } from '../config/config.ts'
import type { EventPublisher } from '../telemetry/events.ts'
import type { Directory } from './directory.ts'
import type { JwtAuthenticator } from './jwt/authenticate.ts'
import { ClientCertificates } from './mtls/client-certificates.ts'

/** How callers prove themselves beside keys, as far as it is configured. */
export type Authenticators = {
  readonly tokens: JwtAuthenticator | undefined
  readonly certificates: ClientCertificates | undefined
  /** Whether the keys of an issuer could not be had the last time. */
  lackKeys(): boolean
  /** Stops refreshing the issuers' keys. */
  close(): void
}

/** Makes them from the settings. What verifies tokens is loaded only where it is used. */
export async function openAuthenticators(
  { tokenIssuers, clientCertificates }: Config,
  directory: Pick<Directory, 'find'>,
  events: EventPublisher
): Promise<Authenticators> {
  const issuers =
    tokenIssuers.length === 0
      ? null
      : (await import('./jwt/authenticate.ts')).openJwtAuthenticator(tokenIssuers, directory, events)
  const certificates =
    clientCertificates.length === 0 ? undefined : new ClientCertificates(clientCertificates, directory)
  return {
    tokens: issuers?.tokens,
    certificates,
    lackKeys: () => issuers?.lackKeys() ?? false,
    close: () => issuers?.close()
  }
}
