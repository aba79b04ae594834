import { constants, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { decodeText, isUtf16 } from '../base/decode-text.ts'
import { ConfigError, type ConfigIssue } from './error.ts'

/** The listener's files, as `file:PATH`. */
export type TlsFiles = {
  /** PEM: the listener's certificate, then its chain. */
  readonly certificate: string
  /** PEM, not encrypted. */
  readonly key: string
  /** PEM: the authorities of client certificates. Null: none is requested. */
  readonly clientAuthority: string | null
}

/** The texts of the files. Null without setting: an empty file is a fault. */
export type TlsTexts = TlsFiles

type CertificateFacts = ReturnType<typeof factsOf>

/** Files that fit together. */
export type TlsMaterial = {
  /** A function, so that printing this does not print the key. */
  readonly context: () => SecureContextOptions
  readonly asksForCertificates: boolean
  readonly validTo: Date
  readonly certificates: readonly CertificateFacts[]
}

const settings = {
  certificate: 'GATEWAY_TLS_CERT',
  key: 'GATEWAY_TLS_KEY',
  clientAuthority: 'GATEWAY_TLS_CLIENT_CA'
} as const

/** Reads the files. Throws ConfigError for those that cannot be read. */
export async function readTlsFiles(files: TlsFiles): Promise<TlsTexts> {
  const faults: ConfigIssue[] = []
  async function read(which: keyof TlsFiles): Promise<string | null> {
    const path = files[which]?.slice('file:'.length)
    if (path === undefined) return null
    try {
      return pemText(await readFile(path))
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      faults.push({ key: settings[which], detail: `file:${path} cannot be read (${code})` })
      return null
    }
  }
  const texts = await Promise.all([read('certificate'), read('key'), read('clientAuthority')])
  const [certificate, key, clientAuthority] = texts
  if (certificate === null || key === null || faults.length > 0) throw new ConfigError(faults)
  return { certificate, key, clientAuthority }
}

/** PEM may hold text in any encoding around its blocks. A byte order mark would hide the first block. */
function pemText(bytes: Buffer): string {
  if (isUtf16(bytes)) return new TextDecoder(bytes[0] === 0xff ? 'utf-16le' : 'utf-16be').decode(bytes)
  const read = decodeText(bytes)
  return 'text' in read ? read.text : bytes.toString('latin1')
}

/** Throws ConfigError, without anything of a key, when the files do not fit together. */
export function tlsMaterial(texts: TlsTexts): TlsMaterial {
  const faults: ConfigIssue[] = []
  const attempt = <T>(which: keyof TlsFiles, detail: string, work: () => T): T | undefined => {
    try {
      return work()
    } catch {
      faults.push({ key: settings[which], detail })
      return undefined
    }
  }
  const certificates = (which: 'certificate' | 'clientAuthority') =>
    attempt(which, 'holds no certificate in PEM', () => certificatesIn(texts[which] ?? '')) ?? []
  const chain = certificates('certificate')
  const key = attempt('key', 'holds no private key in PEM, or an encrypted one', () =>
    createPrivateKey(texts.key)
  )
  const asksForCertificates = texts.clientAuthority !== null
  const authorities = asksForCertificates ? certificates('clientAuthority') : []
  const [own] = chain
  if (own && key && !own.checkPrivateKey(key))
    faults.push({ key: settings.key, detail: 'is not the key of the certificate' })
  if (faults.length > 0 || !own || !key) throw new ConfigError(faults)
  const context = contextOf(texts, key)
  attempt('certificate', 'cannot be served: too weak, or of a kind that TLS does not support', () =>
    createSecureContext(context)
  )
  if (faults.length > 0) throw new ConfigError(faults)
  return {
    context: () => context,
    asksForCertificates,
    validTo: own.validToDate,
    certificates: [
      ...chain.map(certificate => factsOf('certificate', certificate)),
      ...authorities.map(certificate => factsOf('clientAuthority', certificate))
    ]
  }
}

function factsOf(
  which: keyof TlsFiles,
  { validFromDate: from, validToDate: to, ca: isAuthority }: X509Certificate
) {
  return { setting: settings[which], from, to, isAuthority } as const
}

function certificatesIn(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)
  if (blocks === null) throw new TypeError('no certificate')
  return blocks.map(block => new X509Certificate(block))
}

/** No resumption: a resumed session would not be checked against the authority. */
const once = constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION

function contextOf(texts: TlsTexts, key: KeyObject): SecureContextOptions {
  return {
    cert: texts.certificate,
    key: key.export({ type: 'pkcs8', format: 'pem' }),
    // Without one Node trusts all public authorities: harmless only where no certificate is requested.
    ...(texts.clientAuthority !== null && { ca: texts.clientAuthority }),
    minVersion: 'TLSv1.2',
    secureOptions: once
  }
}
