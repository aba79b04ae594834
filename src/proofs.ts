import type { Config } from './config.ts'
import type { Logger } from './logger.ts'
import { ClientCertificates } from './tenants/client-certificates.ts'
import type { Directory } from './tenants/directory.ts'
import type { TokenIssuers } from './tenants/token-issuers.ts'

/** How callers prove themselves beside keys, as far as it is configured. */
export type Proofs = {
  readonly tokens: TokenIssuers | undefined
  readonly certificates: ClientCertificates | undefined
  /** Whether the keys of an issuer could not be had the last time. */
  lackKeys(): boolean
  /** Stops refreshing the issuers' keys. */
  close(): void
}

/** Makes them from the settings. What verifies tokens is loaded only where it is used. */
export async function openProofs(
  { tokenIssuers, clientCertificates }: Config,
  directory: Pick<Directory, 'find'>,
  logger: Logger
): Promise<Proofs> {
  const issuers =
    tokenIssuers.length === 0
      ? null
      : (await import('./tenants/token-issuers.ts')).openTokenIssuers(tokenIssuers, directory, logger)
  const certificates =
    clientCertificates.length === 0 ? undefined : new ClientCertificates(clientCertificates, directory)
  return {
    tokens: issuers?.tokens,
    certificates,
    lackKeys: () => issuers?.lackKeys() ?? false,
    close: () => issuers?.close()
  }
}
