import { constants, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { isUtf16, readText } from '../base/text-file.ts'
import { ConfigError, type ConfigIssue } from './error.ts'

/** Where the listener's certificate is, as `file:PATH`. */
export type TlsFiles = {
  /** PEM: the listener's own certificate first, then those between it and its root. */
  readonly certificate: string
  /** PEM, not encrypted. */
  readonly key: string
  /** PEM: who may sign the certificates of callers. Null: none is asked for. */
  readonly clientAuthority: string | null
}

/** The files' texts, as they are. Null for one that no setting names: an empty file is not that, but a fault. */
export type TlsTexts = {
  readonly certificate: string
  readonly key: string
  readonly clientAuthority: string | null
}

type CertificateFacts = {
  readonly setting: string
  readonly from: Date
  readonly to: Date
  readonly isAuthority: boolean
}

/** What was read, and found to fit together. */
export type TlsMaterial = {
  /** A function, so that nothing which prints this prints the key. */
  readonly context: () => SecureContextOptions
  readonly asksForCertificates: boolean
  readonly validTo: Date
  /** When each certificate in the files is valid, whether it is an authority's, and which setting leads to it. */
  readonly certificates: readonly CertificateFacts[]
}

/** Which setting leads to which file. */
const settings = {
  certificate: 'GATEWAY_TLS_CERT',
  key: 'GATEWAY_TLS_KEY',
  clientAuthority: 'GATEWAY_TLS_CLIENT_CA'
} as const

/** Reads the files. Throws ConfigError for those that cannot be read. */
export async function readTlsFiles(files: TlsFiles): Promise<TlsTexts> {
  const faults: ConfigIssue[] = []
  const read = async (which: keyof TlsFiles, reference: string): Promise<string> => {
    const path = reference.slice('file:'.length)
    try {
      return pemText(await readFile(path))
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      faults.push({ key: settings[which], detail: `file:${path} cannot be read (${code})` })
      return ''
    }
  }
  const [certificate, key, clientAuthority] = await Promise.all([
    read('certificate', files.certificate),
    read('key', files.key),
    files.clientAuthority === null ? null : read('clientAuthority', files.clientAuthority)
  ])
  if (faults.length > 0) throw new ConfigError(faults)
  return { certificate, key, clientAuthority }
}

/** Around its blocks PEM may hold text in any encoding. A byte order mark would hide the first block. */
function pemText(bytes: Buffer): string {
  if (isUtf16(bytes)) return new TextDecoder(bytes[0] === 0xff ? 'utf-16le' : 'utf-16be').decode(bytes)
  const read = readText(bytes)
  return 'text' in read ? read.text : bytes.toString('latin1')
}

/** What the files hold, when it can be used together. Throws ConfigError; nothing of a key is in it. */
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
  const chain = attempt('certificate', 'holds no certificate in PEM', () => certificatesIn(texts.certificate))
  const key = attempt('key', 'holds no private key in PEM, or an encrypted one', () =>
    createPrivateKey(texts.key)
  )
  const { clientAuthority } = texts
  const authorities =
    clientAuthority === null
      ? []
      : attempt('clientAuthority', 'holds no certificate in PEM', () => certificatesIn(clientAuthority))
  const [own] = chain ?? []
  if (own && key && !own.checkPrivateKey(key))
    faults.push({ key: settings.key, detail: 'is not the key of the certificate' })
  if (faults.length > 0 || !own || !key) throw new ConfigError(faults)
  const context = contextOf(texts, key)
  attempt('certificate', 'cannot be served: too weak, or of a kind that TLS does not take', () =>
    createSecureContext(context)
  )
  if (faults.length > 0) throw new ConfigError(faults)
  return {
    context: () => context,
    asksForCertificates: clientAuthority !== null,
    validTo: own.validToDate,
    certificates: [
      ...(chain ?? []).map(certificate => factsOf('certificate', certificate)),
      ...(authorities ?? []).map(certificate => factsOf('clientAuthority', certificate))
    ]
  }
}

function factsOf(
  which: keyof TlsFiles,
  { validFromDate: from, validToDate: to, ca: isAuthority }: X509Certificate
): CertificateFacts {
  return { setting: settings[which], from, to, isAuthority }
}

function certificatesIn(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)
  if (blocks === null) throw new TypeError('no certificate')
  return blocks.map(block => new X509Certificate(block))
}

/** Every connection proves itself, and once: a session that is taken up again is not checked against the authority. */
const once = constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION

function contextOf(texts: TlsTexts, key: KeyObject): SecureContextOptions {
  return {
    cert: texts.certificate,
    key: key.export({ type: 'pkcs8', format: 'pem' }),
    // Without one Node trusts every authority that it knows of: that is for listeners that ask for no certificate.
    ...(texts.clientAuthority !== null && { ca: texts.clientAuthority }),
    minVersion: 'TLSv1.2',
    secureOptions: once
  }
}
