import type { Header } from './request-reader.ts'

/** What a caller would get if nothing went wrong on the way: the wire plan starts from it. */
export type Answer = { readonly status: number; readonly headers: readonly Header[]; readonly body: Buffer }

/** A JSON answer, as the content service and the API gateway in front of it send it. */
export function jsonAnswer(status: number, value: unknown): Answer {
  return {
    status,
    headers: [['content-type', 'application/json']],
    body: Buffer.from(JSON.stringify(value))
  }
}

/** Failure shape 1: the content service's own. */
export function contentError(status: number, message: string, errorCode: string, requestId: string): Answer {
  return jsonAnswer(status, { statusCode: status, message, errorCode, requestId })
}

/** Failure shape 2: no such path or method. It reads like an auth failure and is none. */
export function missingAuthenticationToken(): Answer {
  return jsonAnswer(403, { message: 'Missing Authentication Token' })
}

/** Failure shape 3: the firewall's page, for a bad key or for a burst. */
export function firewallPage(status: 401 | 403): Answer {
  const title = status === 401 ? '401 Unauthorized' : '403 Forbidden'
  return {
    status,
    headers: [['content-type', 'text/html']],
    body: Buffer.from(
      `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n</body>\r\n</html>\r\n`
    )
  }
}

/** Failure shape 4: a status and nothing else. */
export function emptyAnswer(status: number, headers: readonly Header[] = []): Answer {
  return { status, headers, body: Buffer.alloc(0) }
}
