/**
 * Why the upstream could not be reached, in the words of log, ledger and `check --upstream`, with the error codes of Node,
 * OpenSSL and undici, and our own, that mean it; `*` stands for any ending. The list is closed: no peer chooses a word.
 */
const codesByCause = [
  ['dns', 'ENOTFOUND ENODATA ESERVFAIL EAI_*'],
  ['refused', 'ECONNREFUSED'],
  // EACCES and EPERM come from a packet filter of this machine.
  ['unreachable', 'EHOSTUNREACH EHOSTDOWN ENETUNREACH ENETDOWN EADDRNOTAVAIL EACCES EPERM'],
  ['reset', 'ECONNRESET ECONNABORTED EPIPE'],
  ['closed', 'CONNECTION_ENDED UND_ERR_SOCKET UND_ERR_INFO'],
  ['timeout', 'ETIMEDOUT UND_ERR_CONNECT_TIMEOUT'],
  // UNRECOGNIZED_NAME: the server knows no site of this name.
  [
    'tls_name',
    'ERR_TLS_CERT_ALTNAME_INVALID HOSTNAME_MISMATCH ' +
      'ERR_SSL_TLSV1_UNRECOGNIZED_NAME ERR_SSL_TLSV1_ALERT_UNRECOGNIZED_NAME'
  ],
  // CERT_SIGNATURE_FAILURE: another authority of the same name has signed the certificate.
  [
    'tls_authority',
    'DEPTH_ZERO_SELF_SIGNED_CERT SELF_SIGNED_CERT_IN_CHAIN UNABLE_TO_GET_ISSUER_CERT ' +
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY UNABLE_TO_VERIFY_LEAF_SIGNATURE CERT_SIGNATURE_FAILURE CERT_UNTRUSTED INVALID_CA'
  ],
  ['tls_expired', 'CERT_HAS_EXPIRED CERT_NOT_YET_VALID'],
  ['tls_revoked', 'CERT_REVOKED'],
  // No TLS at all, or no version, cipher or protocol in common.
  ['tls_protocol', 'EPROTO ERR_SSL_*'],
  // The alerts are about the certificate that the server wants, or about ours.
  [
    'tls_other',
    'CERT_CHAIN_TOO_LONG CERT_REJECTED INVALID_PURPOSE PATH_LENGTH_EXCEEDED ERR_TLS_* ' +
      'ERR_SSL_TLSV13_ALERT_CERTIFICATE* ERR_SSL_SSLV3_ALERT_CERTIFICATE* ERR_SSL_SSL/TLS_ALERT_CERTIFICATE*'
  ],
  ['not_http', 'ANSWER_NOT_HTTP HPE_*']
] as const

export type UnreachableCause = (typeof codesByCause)[number][0] | 'other'
export const unreachableCauses: readonly UnreachableCause[] = [
  ...codesByCause.map(([cause]) => cause),
  'other'
]

const causeByCode = new Map<string, UnreachableCause>(
  codesByCause.flatMap(([cause, codes]) => codes.split(' ').map(code => [code, cause] as const))
)
/** Longest first: the most specific beginning decides. */
const causeByBeginning = [...causeByCode]
  .filter(([code]) => code.endsWith('*'))
  .map(([code, cause]) => [code.slice(0, -1), cause] as const)
  .sort(([one], [other]) => other.length - one.length)

/** How deep errors inside errors are searched. */
const deepest = 3

/** The cause of any error with which a connection ended. */
export function unreachableCause(error: unknown, depth = 0): UnreachableCause {
  if (typeof error !== 'object' || error === null || depth > deepest) return 'other'
  const { code, errno, errors, cause } = error as Partial<
    Record<'code' | 'errno' | 'errors' | 'cause', unknown>
  >
  // Without a number of the system's it is Node's word for an end during the handshake: the server has hung up.
  if (code === 'ECONNRESET' && errno === undefined) return 'closed'
  const known = typeof code === 'string' ? causeOfCode(code) : undefined
  if (known !== undefined) return known
  // Several addresses were tried, or another error wraps the one with the code.
  const inner = Array.isArray(errors) ? errors[0] : cause
  return inner === undefined ? 'other' : unreachableCause(inner, depth + 1)
}

function causeOfCode(code: string): UnreachableCause | undefined {
  return causeByCode.get(code) ?? causeByBeginning.find(([beginning]) => code.startsWith(beginning))?.[1]
}
