import type { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { normalSubject } from '../../base/distinguished-name.ts'
import { type CertificateMapping, certificateName } from '../../config/authentication.ts'
import {
  type AuthenticationAttempt,
  type AuthenticationFailure,
  failAttempt
} from '../authentication-failure.ts'
import type { Caller, Directory } from '../directory.ts'
import { subjectAltUris } from './subject-alt-names.ts'

/** The result for a connection, found once. */
type Identity = Holder | { readonly failure: AuthenticationFailure }

type Holder = {
  readonly tenant: string
  readonly keyId: string
  readonly fromMs: number
  readonly toMs: number
}

export class ClientCertificates {
  readonly #tenantByName: ReadonlyMap<string | null, string>
  readonly #directory: Pick<Directory, 'find'>
  readonly #identities = new WeakMap<TLSSocket, Identity>()

  constructor(mappings: readonly CertificateMapping[], directory: Pick<Directory, 'find'>) {
    this.#tenantByName = new Map(mappings.map(mapping => [certificateName(mapping), mapping.tenant]))
    this.#directory = directory
  }

  /**
   * The caller behind a connection at `now` (milliseconds since 1970). Null for no certificate, an unknown authority, one not
   * valid now, or one mapped to no enabled tenant or to two.
   */
  authenticate(socket: Socket, now: number, attempt?: AuthenticationAttempt): Caller | null {
    if (!(socket instanceof TLSSocket)) return failAttempt(attempt, { reason: 'missing' })
    let identity = this.#identities.get(socket)
    if (identity === undefined) {
      identity = this.#identityOf(socket)
      this.#identities.set(socket, identity)
    }
    if ('failure' in identity) return failAttempt(attempt, identity.failure)
    const { keyId, tenant: name, fromMs, toMs } = identity
    // A connection may outlive its certificate.
    if (now < fromMs || now > toMs) return failAttempt(attempt, { reason: 'expired', tenant: name, keyId })
    const tenant = this.#directory.find(name, attempt, keyId)
    return tenant === null ? null : { tenant, keyId }
  }

  #identityOf(socket: TLSSocket): Identity {
    const certificate = socket.getPeerX509Certificate()
    if (certificate === undefined) return { failure: { reason: 'missing' } }
    if (socket.authorized) return this.#holderOf(certificate)
    // Names and fingerprint of an unverified certificate prove nothing.
    const hasEnded = String(socket.authorizationError) === 'CERT_HAS_EXPIRED'
    return { failure: { reason: hasEnded ? 'expired' : 'unknown' } }
  }

  #holderOf(certificate: X509Certificate): Identity {
    const keyId = `mtls:${certificate.fingerprint256.replaceAll(':', '').slice(0, 16).toLowerCase()}`
    const subject = normalSubject(certificate.subject)
    const names = subjectAltUris(certificate.subjectAltName).map(uri => `uri ${uri}`)
    if (subject !== null) names.push(subject)
    const tenants = new Set(names.flatMap(name => this.#tenantByName.get(name) ?? []))
    const [tenant, ...more] = tenants
    if (tenant === undefined || more.length > 0) return { failure: { reason: 'unknown', keyId } }
    return {
      tenant,
      keyId,
      fromMs: certificate.validFromDate.getTime(),
      toMs: certificate.validToDate.getTime()
    }
  }
}
