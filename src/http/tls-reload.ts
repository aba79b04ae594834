import { ConfigError } from '../config/error.ts'
import {
  readTlsFiles,
  type TlsFiles,
  type TlsMaterial,
  type TlsTexts,
  tlsMaterial
} from '../config/tls-files.ts'
import type { Logger } from '../telemetry/logger.ts'
import { type SecureServer, secure } from './node-options.ts'

const warnWithinMs = 14 * 24 * 60 * 60_000
const lookEveryMs = 1_000

/** The certificate in use, which follows its files. */
export type TlsSource = {
  /** The material to start the server with. */
  readonly material: TlsMaterial
  /** Whether the certificate in use has expired at this time, in milliseconds since 1970. */
  hasExpired(now: number): boolean
  /** Whether the files hold something that cannot be used. */
  isBehindFiles(): boolean
  /** Uses what the files hold from now on, for new connections; open ones stay. Returns a function that stops it. */
  follow(server: SecureServer, options?: FollowOptions): () => void
}

export type FollowOptions = {
  readonly everyMs?: number
  readonly now?: () => number
}

/** Reads the certificate, its key and its authorities. Throws ConfigError. */
export async function openTls(files: TlsFiles, logger: Pick<Logger, 'info' | 'warn'>): Promise<TlsSource> {
  const texts = await readTlsFiles(files)
  const material = tlsMaterial(texts)
  logExpiry(material, Date.now(), logger)
  let served = material
  let behind = false
  return {
    material,
    hasExpired: now => served.validTo.getTime() <= now,
    isBehindFiles: () => behind,
    follow: (server, { everyMs = lookEveryMs, now = Date.now } = {}) =>
      followFiles(files, JSON.stringify(texts), everyMs, found => {
        const next = !(found instanceof Error) && found.validTo.getTime() <= now() ? expired : found
        behind = next instanceof Error
        if (next instanceof Error) return logger.warn({ err: next }, 'the new TLS files are not used')
        served = next
        secure(server, next)
        logExpiry(next, now(), logger)
      })
  }
}

const expired = new ConfigError([{ key: 'GATEWAY_TLS_CERT', detail: 'has expired' }])

/**
 * Looks at the files every so often, and hands on what they hold when that is something new: material, or why it is
 * none, once for the same content or reason. Returns what stops it; nothing is handed on after that.
 */
function followFiles(
  files: TlsFiles,
  first: string,
  everyMs: number,
  handOn: (next: TlsMaterial | Error) => void
): () => void {
  let seen = first
  let looking = false
  let stopped = false

  async function look(): Promise<void> {
    // A slow disk is waited for, not asked twice.
    if (looking) return
    looking = true
    const texts = await readTlsFiles(files).catch((reason: Error) => reason)
    looking = false
    const now = texts instanceof Error ? texts.message : JSON.stringify(texts)
    if (stopped || now === seen) return
    seen = now
    handOn(texts instanceof Error ? texts : attempt(texts))
  }

  const timer = setInterval(look, everyMs)
  return () => {
    stopped = true
    clearInterval(timer)
  }
}

function attempt(texts: TlsTexts): TlsMaterial | Error {
  try {
    return tlsMaterial(texts)
  } catch (error) {
    return error as Error
  }
}

function logExpiry({ validTo }: TlsMaterial, now: number, logger: Pick<Logger, 'info' | 'warn'>): void {
  const leftMs = validTo.getTime() - now
  const facts = { not_after: validTo.toISOString(), days_left: Math.floor(leftMs / 86_400_000) }
  if (leftMs < warnWithinMs) logger.warn(facts, 'the TLS certificate expires soon, or has expired')
  else logger.info(facts, 'the TLS certificate has been read')
}
