import type { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { normalName, normalSubject } from '../../base/distinguished-name.ts'
import type { CertificateMapping } from '../../config/authentication.ts'
import {
  type AuthenticationAttempt,
  type AuthenticationFailure,
  failAttempt
} from '../authentication-failure.ts'
import type { Caller, Directory } from '../directory.ts'
import { subjectAltUris } from './subject-alt-names.ts'

/** Whose a connection is, by its certificate, asked once for each connection; or why it is nobody's. */
type Identity = Holder | { readonly stranger: AuthenticationFailure }

type Holder = {
  readonly tenant: string
  readonly keyId: string
  readonly fromMs: number
  readonly toMs: number
}

/** Callers who prove themselves by a client certificate. */
export class ClientCertificates {
  readonly #tenantByName: ReadonlyMap<string, string>
  readonly #directory: Pick<Directory, 'find'>
  readonly #identities = new WeakMap<TLSSocket, Identity>()

  /** Throws TypeError for a subject that is no distinguished name. */
  constructor(mappings: readonly CertificateMapping[], directory: Pick<Directory, 'find'>) {
    this.#tenantByName = new Map(mappings.map(mapping => [nameOf(mapping), mapping.tenant]))
    this.#directory = directory
  }

  /**
   * The caller behind a connection at the time `now` (milliseconds since 1970), or null: without a certificate, with
   * one that no authority of ours has signed, that is not valid now, or that is mapped to no live tenant, or to two. Which
   * of these it is goes to the applicant alone.
   */
  authenticate(socket: Socket, now: number, applicant?: AuthenticationAttempt): Caller | null {
    if (!(socket instanceof TLSSocket)) return failAttempt(applicant, { reason: 'missing' })
    let identity = this.#identities.get(socket)
    if (identity === undefined) {
      identity = this.#identityOf(socket)
      this.#identities.set(socket, identity)
    }
    if ('stranger' in identity) return failAttempt(applicant, identity.stranger)
    const { keyId, tenant: name, fromMs, toMs } = identity
    // A connection may outlive the certificate that it began with.
    if (now < fromMs || now > toMs) return failAttempt(applicant, { reason: 'expired', tenant: name, keyId })
    const tenant = this.#directory.find(name, applicant, keyId)
    return tenant === null ? null : { tenant, keyId }
  }

  #identityOf(socket: TLSSocket): Identity {
    const certificate = socket.getPeerX509Certificate()
    if (certificate === undefined) return { stranger: { reason: 'missing' } }
    if (socket.authorized) return this.#holderOf(certificate)
    // Nothing of it is proved: neither its names nor its fingerprint lead to anybody.
    const hasEnded = String(socket.authorizationError) === 'CERT_HAS_EXPIRED'
    return { stranger: { reason: hasEnded ? 'expired' : 'unknown' } }
  }

  #holderOf(certificate: X509Certificate): Identity {
    const keyId = `mtls:${certificate.fingerprint256.replaceAll(':', '').slice(0, 16).toLowerCase()}`
    const subject = normalSubject(certificate.subject)
    const names = subjectAltUris(certificate.subjectAltName).map(uri => `uri ${uri}`)
    if (subject !== null) names.push(subject)
    const tenants = new Set(names.flatMap(name => this.#tenantByName.get(name) ?? []))
    const [tenant, ...more] = tenants
    if (tenant === undefined || more.length > 0) return { stranger: { reason: 'unknown', keyId } }
    return {
      tenant,
      keyId,
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
