import { PollLoop } from '../base/poll-loop.ts'
import { ConfigError } from '../config/error.ts'
import { readTlsFiles, type TlsFiles, type TlsMaterial, tlsMaterial } from '../config/tls-files.ts'
import type { EventPublisher } from '../telemetry/events.ts'
import { type SecureServer, secure } from './node-options.ts'

const warnWithinMs = 14 * 24 * 60 * 60_000

/** The certificate in use, which follows its files. */
export type TlsSource = Awaited<ReturnType<typeof openTls>>

/** Reads the certificate, its key and its authorities. Throws ConfigError. */
export async function openTls(files: TlsFiles, events: EventPublisher) {
  const texts = await readTlsFiles(files)
  const material = tlsMaterial(texts)
  reportExpiry(material, Date.now(), events)
  let served = material
  let behind = false
  return {
    material,
    /** Whether the certificate in use has expired at this time, in milliseconds since 1970. */
    hasExpired: (now: number) => served.validTo.getTime() <= now,
    /** Whether the files hold something that cannot be used. */
    isBehindFiles: () => behind,
    /** Uses what the files hold from now on, for new connections. Unusable files are reported once. Returns what stops it. */
    follow(server: SecureServer, { everyMs = 1_000, now = Date.now } = {}): () => void {
      let seen = JSON.stringify(texts)
      const polling = new PollLoop(
        () => everyMs,
        async () => {
          const found = await readTlsFiles(files).catch((reason: Error) => reason)
          const content = found instanceof Error ? found.message : JSON.stringify(found)
          if (polling.isStopped || content === seen) return
          seen = content
          try {
            if (found instanceof Error) throw found
            const next = unexpired(tlsMaterial(found), now())
            secure(server, next)
            served = next
            behind = false
            reportExpiry(next, now(), events)
          } catch (err) {
            behind = true
            events.publish('certificate.rejected', { err })
          }
        }
      )
      return () => polling.stop()
    }
  }
}

function unexpired(material: TlsMaterial, now: number): TlsMaterial {
  if (material.validTo.getTime() <= now)
    throw new ConfigError([{ key: 'GATEWAY_TLS_CERT', detail: 'has expired' }])
  return material
}

function reportExpiry({ validTo }: TlsMaterial, now: number, events: EventPublisher): void {
  const leftMs = validTo.getTime() - now
  const facts = { not_after: validTo.toISOString(), days_left: Math.floor(leftMs / 86_400_000) }
  events.publish(leftMs < warnWithinMs ? 'certificate.expiring' : 'certificate.read', facts)
}
