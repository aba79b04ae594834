import type { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { urisIn } from './alternative-names.ts'
import type { Caller, Directory } from './directory.ts'
import { normalName, normalSubject } from './distinguished-name.ts'

/** Whose certificates these are: by a URI among the alternative names, exactly, or by the subject. */
export type CertificateMapping = { readonly tenant: string } & (
  | { readonly sanUri: string }
  | { readonly subject: string }
)

/** What a connection's certificate says, asked once for each connection. */
type Identity = {
  readonly tenant: string
  readonly keyId: string
  readonly fromMs: number
  readonly toMs: number
}

/** Callers who prove themselves by a client certificate. */
export class ClientCertificates {
  readonly #tenantByName: ReadonlyMap<string, string>
  readonly #directory: Pick<Directory, 'find'>
  readonly #identities = new WeakMap<TLSSocket, Identity | null>()

  /** Throws TypeError for a subject that is no distinguished name. */
  constructor(mappings: readonly CertificateMapping[], directory: Pick<Directory, 'find'>) {
    this.#tenantByName = new Map(mappings.map(mapping => [nameOf(mapping), mapping.tenant]))
    this.#directory = directory
  }

  /**
   * The caller behind a connection at the time `now` (milliseconds since 1970), or null: without a certificate, with
   * one that no authority of ours has signed, that is not valid now, or that is mapped to no live tenant, or to two.
   */
  authenticate(socket: Socket, now: number): Caller | null {
    if (!(socket instanceof TLSSocket) || !socket.authorized) return null
    let identity = this.#identities.get(socket)
    if (identity === undefined) {
      identity = this.#identify(socket.getPeerX509Certificate())
      this.#identities.set(socket, identity)
    }
    // A connection may outlive the certificate that it began with.
    if (identity === null || now < identity.fromMs || now > identity.toMs) return null
    const tenant = this.#directory.find(identity.tenant)
    return tenant === null ? null : { tenant, keyId: identity.keyId }
  }

  #identify(certificate: X509Certificate | undefined): Identity | null {
    if (certificate === undefined) return null
    const subject = normalSubject(certificate.subject)
    const names = urisIn(certificate.subjectAltName).map(uri => `uri ${uri}`)
    if (subject !== null) names.push(subject)
    const tenants = new Set(names.flatMap(name => this.#tenantByName.get(name) ?? []))
    const [tenant, ...more] = tenants
    if (tenant === undefined || more.length > 0) return null
    return {
      tenant,
      keyId: `mtls:${certificate.fingerprint256.replaceAll(':', '').slice(0, 16).toLowerCase()}`,
      fromMs: certificate.validFromDate.getTime(),
      toMs: certificate.validToDate.getTime()
    }
  }
}

function nameOf(mapping: CertificateMapping): string {
  if ('sanUri' in mapping) return `uri ${mapping.sanUri}`
  const name = normalName(mapping.subject)
  if (name === null) throw new TypeError('the subject is no distinguished name')
  return name
}
