import type { Server } from 'node:tls'
import { ConfigError } from './config.ts'
import type { Logger } from './logger.ts'
import { readTlsFiles, type TlsFiles, type TlsMaterial, tlsMaterial } from './tls-files.ts'

const warnWithinMs = 14 * 24 * 60 * 60_000
const lookEveryMs = 1_000

/** The certificate in use, and its following. */
export type TlsSource = {
  /** What to start the server with. */
  readonly material: TlsMaterial
  /** Serves what the files hold from now on, for new connections; those that are open stay. Returns what stops it. */
  follow(server: Pick<Server, 'setSecureContext'>, options?: FollowOptions): () => void
}

export type FollowOptions = {
  readonly everyMs?: number
  readonly now?: () => number
}

/** Reads the certificate and what belongs to it. Throws ConfigError. */
export async function openTls(files: TlsFiles, logger: Pick<Logger, 'info' | 'warn'>): Promise<TlsSource> {
  const first = await readTlsFiles(files)
  const material = tlsMaterial(first)
  logExpiry(material, Date.now(), logger)
  return {
    material,
    follow(server, { everyMs = lookEveryMs, now = Date.now } = {}) {
      let seen = JSON.stringify(first)
      let looking = false

      async function look(): Promise<void> {
        const texts = await readTlsFiles(files)
        if (JSON.stringify(texts) === seen) return
        // Before it is judged: the same content is refused, and told, only once.
        seen = JSON.stringify(texts)
        const next = tlsMaterial(texts)
        if (next.validTo.getTime() <= now())
          throw new ConfigError([{ key: 'GATEWAY_TLS_CERT', detail: 'has expired' }])
        server.setSecureContext(next.context())
        logExpiry(next, now(), logger)
      }

      let told = ''
      const timer = setInterval(async () => {
        // A slow disk is waited for, not asked again.
        if (looking) return
        looking = true
        try {
          await look()
          told = ''
        } catch (err) {
          const { message } = err as Error
          if (message !== told) logger.warn({ err }, 'the new TLS files are not used')
          told = message
        } finally {
          looking = false
        }
      }, everyMs)
      return () => clearInterval(timer)
    }
  }
}

function logExpiry({ validTo }: TlsMaterial, now: number, logger: Pick<Logger, 'info' | 'warn'>): void {
  const leftMs = validTo.getTime() - now
  const facts = { not_after: validTo.toISOString(), days_left: Math.floor(leftMs / 86_400_000) }
  if (leftMs < warnWithinMs) logger.warn(facts, 'the TLS certificate expires soon, or has expired')
  else logger.info(facts, 'the TLS certificate has been read')
}
