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
    /** The material to start the server with. */
    material,
    /** Whether the certificate in use has expired at this time, in milliseconds since 1970. */
    hasExpired: (now: number) => served.validTo.getTime() <= now,
    /** Whether the files hold something that cannot be used. */
    isBehindFiles: () => behind,
    /** Uses what the files hold from now on, for new connections. Unusable files are reported once. Returns what stops it. */
    follow: (server: SecureServer, { everyMs = 1_000, now = Date.now } = {}) =>
      followFiles(files, JSON.stringify(texts), everyMs, next => {
        try {
          const found = unexpired(next(), now())
          secure(server, found)
          served = found
          behind = false
          reportExpiry(found, now(), events)
        } catch (err) {
          behind = true
          events.publish('certificate.rejected', { err })
        }
      })
  }
}

/**
 * Reads the files every so often, and calls back when they hold something new: the function it passes returns the material, or
 * throws why there is none. Returns what stops it.
 */
function followFiles(
  files: TlsFiles,
  first: string,
  everyMs: number,
  onChange: (next: () => TlsMaterial) => void
): () => void {
  let seen = first
  let reading = false
  let stopped = false
  async function look(): Promise<void> {
    // A slow disk is waited for, not asked twice.
    if (reading) return
    reading = true
    const found = await readTlsFiles(files).catch((reason: Error) => reason)
    reading = false
    const content = found instanceof Error ? found.message : JSON.stringify(found)
    if (stopped || content === seen) return
    seen = content
    onChange(() => {
      if (found instanceof Error) throw found
      return tlsMaterial(found)
    })
  }
  const timer = setInterval(look, everyMs)
  return () => {
    stopped = true
    clearInterval(timer)
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
