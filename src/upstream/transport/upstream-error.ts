import { DomainError } from '../../base/domain-error.ts'

const messages = {
  DEADLINE_PASSED: 'the deadline passed',
  CALL_ABANDONED: 'the caller left before the request was sent',
  KEY_REFUSED: 'the upstream rejected the key several times before the request was sent',
  ANSWER_NOT_HTTP: 'the answer is not HTTP/1.0 or HTTP/1.1 with a clear end',
  ANSWERS_TOO_LARGE: 'the answers under way need more memory than they may have',
  // Without a code of its own undici would reconnect at once, again and again until the deadline.
  CONNECTION_ENDED: 'the upstream closed a new connection before a request was sent on it',
  // The code by which undici takes a connection for lost and gives its next request another.
  UND_ERR_SOCKET: 'bytes came on a connection that carries no request'
} as const

/** Why the gateway ends a request or a connection. Its code is one of those that the failure table knows. */
export class UpstreamError extends DomainError<keyof typeof messages> {
  override readonly name = 'UpstreamError'
  /** Seconds to wait before the key may be used again, with `KEY_REFUSED`. */
  readonly retryAfter: number | undefined

  constructor(code: keyof typeof messages, message: string = messages[code], retryAfter?: number) {
    super(code, message)
    this.retryAfter = retryAfter
  }
}
