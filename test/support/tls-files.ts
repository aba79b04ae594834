import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type CertificateOptions,
  certificateAuthority,
  type TestCertificate
} from './certificate-authority.ts'

/** A folder with a listener's certificate, its key and the authority of callers' certificates. */
export type TlsFolder = {
  readonly env: Readonly<Record<'GATEWAY_TLS_CERT' | 'GATEWAY_TLS_KEY' | 'GATEWAY_TLS_CLIENT_CA', string>>
  /** The authority behind the listener, for those who connect. */
  readonly serverAuthority: string
  /** A certificate for a listener on this machine. */
  issueServer(options?: CertificateOptions): TestCertificate
  /** A certificate of a caller, by the authority that the listener asks. */
  issueClient(options: CertificateOptions): TestCertificate
  writeCertificate(pem: string): void
  writeKey(pem: string): void
  close(): void
}

/** Makes one; close it. */
export function tlsFolder(): TlsFolder {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-tls-'))
  const [servers, clients] = [certificateAuthority('Servers'), certificateAuthority('Clients')]
  const place = (name: string) => join(folder, name)
  const issueServer = (options: CertificateOptions = {}) =>
    servers.issue({
      subject: [['CN', 'gateway']],
      alternativeNames: [{ kind: 'dns', value: 'localhost' }],
      ...options
    })
  const made: TlsFolder = {
    env: {
      GATEWAY_TLS_CERT: `file:${place('server.pem')}`,
      GATEWAY_TLS_KEY: `file:${place('server.key')}`,
      GATEWAY_TLS_CLIENT_CA: `file:${place('clients.pem')}`
    },
    serverAuthority: servers.certificate,
    issueServer,
    issueClient: options => clients.issue({ usage: 'client', ...options }),
    writeCertificate: pem => writeFileSync(place('server.pem'), pem),
    writeKey: pem => writeFileSync(place('server.key'), pem, { mode: 0o600 }),
    close: () => rmSync(folder, { recursive: true })
  }
  const { certificate, key } = issueServer()
  made.writeCertificate(certificate)
  made.writeKey(key)
  writeFileSync(place('clients.pem'), clients.certificate)
  return made
}
