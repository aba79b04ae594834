/**
 * Why no exchange with the upstream came about, in the words of log, ledger and `check --upstream`. The list is closed, and
 * holds nothing that a peer chose.
 */
export const unreachableCauses = [
  'dns',
  'refused',
  'unreachable',
  'reset',
  'closed',
  'timeout',
  'tls_name',
  'tls_authority',
  'tls_expired',
  'tls_revoked',
  'tls_protocol',
  'tls_other',
  'not_http',
  'other'
] as const
export type UnreachableCause = (typeof unreachableCauses)[number]

/** By the codes of Node, OpenSSL and undici, and our own. */
const byCode: Readonly<Record<string, UnreachableCause>> = {
  ENOTFOUND: 'dns',
  ENODATA: 'dns',
  ESERVFAIL: 'dns',
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENETUNREACH: 'unreachable',
  ENETDOWN: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  // A packet filter of this machine.
  EACCES: 'unreachable',
  EPERM: 'unreachable',
  ECONNRESET: 'reset',
  ECONNABORTED: 'reset',
  EPIPE: 'reset',
  CONNECTION_ENDED: 'closed',
  UND_ERR_SOCKET: 'closed',
  UND_ERR_INFO: 'closed',
  ETIMEDOUT: 'timeout',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  ERR_TLS_CERT_ALTNAME_INVALID: 'tls_name',
  HOSTNAME_MISMATCH: 'tls_name',
  // The server knows no site of this name.
  ERR_SSL_TLSV1_UNRECOGNIZED_NAME: 'tls_name',
  ERR_SSL_TLSV1_ALERT_UNRECOGNIZED_NAME: 'tls_name',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls_authority',
  SELF_SIGNED_CERT_IN_CHAIN: 'tls_authority',
  UNABLE_TO_GET_ISSUER_CERT: 'tls_authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'tls_authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls_authority',
  // Another authority of the same name has signed it.
  CERT_SIGNATURE_FAILURE: 'tls_authority',
  CERT_UNTRUSTED: 'tls_authority',
  INVALID_CA: 'tls_authority',
  CERT_HAS_EXPIRED: 'tls_expired',
  CERT_NOT_YET_VALID: 'tls_expired',
  CERT_REVOKED: 'tls_revoked',
  CERT_CHAIN_TOO_LONG: 'tls_other',
  CERT_REJECTED: 'tls_other',
  INVALID_PURPOSE: 'tls_other',
  PATH_LENGTH_EXCEEDED: 'tls_other',
  EPROTO: 'tls_protocol',
  ANSWER_NOT_HTTP: 'not_http'
}

/** What is wrong with a code that the table does not have, by how it begins. */
const byBeginning: readonly (readonly [string, UnreachableCause])[] = [
  ['EAI_', 'dns'],
  // Alerts about the certificate that the server wants, or about ours.
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE', 'tls_other'],
  ['ERR_SSL_SSLV3_ALERT_CERTIFICATE', 'tls_other'],
  ['ERR_SSL_SSL/TLS_ALERT_CERTIFICATE', 'tls_other'],
  // No TLS at all, or no version, cipher or protocol in common.
  ['ERR_SSL_', 'tls_protocol'],
  ['ERR_TLS_', 'tls_other'],
  ['HPE_', 'not_http']
]

/** How far errors inside errors are looked into. */
const deepest = 3

/** The cause of any error with which a connection ended, whatever it is. */
export function unreachableCause(error: unknown, depth = 0): UnreachableCause {
  if (typeof error !== 'object' || error === null || depth > deepest) return 'other'
  const { code, errno, errors, cause } = error as {
    code?: unknown
    errno?: unknown
    errors?: unknown
    cause?: unknown
  }
  // Without a number of the system's it is Node's word for an end during the handshake: the server has hung up.
  if (code === 'ECONNRESET' && errno === undefined) return 'closed'
  const known = typeof code === 'string' ? causeOfCode(code) : undefined
  if (known !== undefined) return known
  // Several addresses were tried, or it was put into an error of its own.
  const inner = Array.isArray(errors) ? errors[0] : cause
  return inner === undefined ? 'other' : unreachableCause(inner, depth + 1)
}

function causeOfCode(code: string): UnreachableCause | undefined {
  if (Object.hasOwn(byCode, code)) return byCode[code]
  return byBeginning.find(([beginning]) => code.startsWith(beginning))?.[1]
}
