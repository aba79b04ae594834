import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

/** One alternative name. */
export type AlternativeName = { readonly kind: 'uri' | 'dns' | 'email'; readonly value: string }

export type CertificateOptions = {
  /** Least specific first, each a type of `objectIds` and a value. */
  readonly subject?: readonly (readonly [keyof typeof objectIds, string])[]
  readonly alternativeNames?: readonly AlternativeName[]
  readonly from?: Date
  readonly to?: Date
  /** What it may be used for. */
  readonly usage?: 'server' | 'client'
}

/** A certificate and its key, as PEM. */
export type TestCertificate = { readonly certificate: string; readonly key: string }

/** Makes certificates for one test: Node can read them, and not make them. */
export type CertificateAuthority = {
  /** The authority's own, as PEM. */
  readonly certificate: string
  issue(options: CertificateOptions): TestCertificate
  /** An authority below this one. */
  below(name: string): CertificateAuthority
}

const objectIds = {
  CN: '2.5.4.3',
  C: '2.5.4.6',
  L: '2.5.4.7',
  O: '2.5.4.10',
  OU: '2.5.4.11'
} as const
const ecdsaWithSha256 = '1.2.840.10045.4.3.2'
const usages = { server: '1.3.6.1.5.5.7.3.1', client: '1.3.6.1.5.5.7.3.2' } as const
const nameTags = { email: 0x81, dns: 0x82, uri: 0x86 } as const
const dayMs = 86_400_000

/** A new authority that nobody else trusts. */
export function certificateAuthority(name = 'Test Authority'): CertificateAuthority {
  const { privateKey, publicKey } = newKeys()
  const subject = [['CN', name]] as const
  const issuing = { issuer: subject, signer: privateKey, publicKey, options: { subject } }
  return authorityOf(subject, privateKey, makeCertificate({ ...issuing, isAuthority: true }))
}

function authorityOf(issuer: Parts['issuer'], signer: KeyObject, certificate: string): CertificateAuthority {
  return {
    certificate,
    issue(options) {
      const { privateKey, publicKey } = newKeys()
      return {
        certificate: makeCertificate({ issuer, signer, publicKey, options }),
        key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
      }
    },
    below(name) {
      const { privateKey, publicKey } = newKeys()
      const subject = [['CN', name]] as const
      const issuing = { issuer, signer, publicKey, options: { subject } }
      return authorityOf(subject, privateKey, makeCertificate({ ...issuing, isAuthority: true }))
    }
  }
}

function newKeys(): { privateKey: KeyObject; publicKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
}

type Parts = {
  readonly issuer: NonNullable<CertificateOptions['subject']>
  readonly signer: KeyObject
  readonly publicKey: KeyObject
  readonly options: CertificateOptions
  readonly isAuthority?: boolean
}

/** X.509 version 3, signed by ECDSA with SHA-256. */
function makeCertificate({ issuer, signer, publicKey, options, isAuthority = false }: Parts): string {
  const { subject = [], alternativeNames = [], usage = 'server' } = options
  const { from = new Date(Date.now() - dayMs), to = new Date(Date.now() + 30 * dayMs) } = options
  const extensions = [
    extension('2.5.29.19', sequence(...(isAuthority ? [tagged(0x01, Buffer.from([0xff]))] : []))),
    ...(isAuthority ? [] : [extension('2.5.29.37', sequence(objectId(usages[usage])))]),
    ...(alternativeNames.length > 0 ? [extension('2.5.29.17', namesOf(alternativeNames))] : [])
  ]
  const algorithm = sequence(objectId(ecdsaWithSha256))
  const body = sequence(
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([0x40]), randomBytes(15)])),
    algorithm,
    nameOf(issuer),
    sequence(time(from), time(to)),
    nameOf(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(...extensions))
  )
  const der = sequence(body, algorithm, bits(sign('sha256', body, signer)))
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

function nameOf(subject: NonNullable<CertificateOptions['subject']>): Buffer {
  return sequence(
    ...subject.map(([type, value]) =>
      tagged(0x31, sequence(objectId(objectIds[type]), tagged(0x0c, Buffer.from(value))))
    )
  )
}

function namesOf(names: readonly AlternativeName[]): Buffer {
  return sequence(...names.map(({ kind, value }) => tagged(nameTags[kind], Buffer.from(value, 'latin1'))))
}

function extension(id: string, value: Buffer): Buffer {
  return sequence(objectId(id), tagged(0x04, value))
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts))
}

function integer(bytes: Buffer): Buffer {
  return tagged(0x02, bytes)
}

function bits(bytes: Buffer): Buffer {
  return tagged(0x03, Buffer.concat([Buffer.from([0]), bytes]))
}

function time(date: Date): Buffer {
  return tagged(0x18, Buffer.from(`${date.toISOString().replace(/[-:T]|\.\d+Z$/g, '')}Z`))
}

function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return tagged(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]))
}

function base128(number: number): number[] {
  const digits = [number & 0x7f]
  for (let left = number >> 7; left > 0; left >>= 7) digits.unshift((left & 0x7f) | 0x80)
  return digits
}

/** One value of DER: its tag, its length, its bytes. */
function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}
