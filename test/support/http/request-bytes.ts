/** What a test may change about an otherwise valid sync request. */
export type RequestParts = {
  readonly method?: string
  readonly target?: string
  readonly version?: string
  /** The key, sent as Bearer; null sends none. */
  readonly key?: string | null
  /** Header lines in place of the usual `Host` and `Content-Type`; the key and the length still follow. */
  readonly headers?: readonly string[]
  /** Further header lines. */
  readonly more?: readonly string[]
  readonly body?: string | Buffer
  /** The header line that frames the body; null sends none. */
  readonly framing?: string | null
}

/** The bytes of one request. Text is latin1: a character is a byte. */
export function requestBytes(parts: RequestParts): Buffer {
  const { method = 'POST', target = '/', version = 'HTTP/1.1', key = null, more = [] } = parts
  const { headers = ['Host: gateway', 'Content-Type: application/json'] } = parts
  const body = Buffer.isBuffer(parts.body) ? parts.body : Buffer.from(parts.body ?? '', 'utf8')
  const { framing = `Content-Length: ${body.length}` } = parts
  const lines = [
    `${method} ${target} ${version}`,
    ...headers,
    ...(key === null ? [] : [`Authorization: Bearer ${key}`]),
    ...more,
    ...(framing === null ? [] : [framing])
  ]
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body])
}

/** The bytes of a sync request, valid unless `parts` spoil it. */
export function syncBytes(
  { key, connectorId }: { key: string | null; connectorId: string },
  parts: RequestParts = {}
): Buffer {
  return requestBytes({ target: `/connectors/${connectorId}/sync`, key, body: '{}', ...parts })
}

/** A body in one chunk, to go with `Transfer-Encoding: chunked`. */
export function chunked(body: string): string {
  return `${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n0\r\n\r\n`
}
