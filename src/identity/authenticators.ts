import type { Config } from '../config/config.ts'
import type { EventPublisher } from '../telemetry/events.ts'
import type { Directory } from './directory.ts'
import { ClientCertificates } from './mtls/client-certificates.ts'

/** How callers authenticate besides keys, where it is configured. */
export type Authenticators = Awaited<ReturnType<typeof openAuthenticators>>

/** Opens what the settings configure. The library for tokens is loaded only where they are used. */
export async function openAuthenticators(
  { jwtIssuers, clientCertificates }: Config,
  directory: Pick<Directory, 'find'>,
  events: EventPublisher
) {
  const jwt = jwtIssuers.length === 0 ? undefined : await import('./jwt/authenticate.ts')
  return {
    tokens: jwt?.openJwtAuthenticator(jwtIssuers, directory, events),
    certificates:
      clientCertificates.length === 0 ? undefined : new ClientCertificates(clientCertificates, directory)
  }
}
