/** One answer as it was on the wire. Header names are in lower case, values as they came. */
export type HttpAnswer = {
  readonly status: number
  readonly reason: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** The body as text, chunk framing removed. */
  readonly body: string
}

/** The values of one header, in order. */
function headerValues({ headers }: Pick<HttpAnswer, 'headers'>, name: string): string[] {
  return headers.filter(([known]) => known === name).map(([, value]) => value)
}

/** The one value of a header; undefined when it is absent. Throws when it came twice. */
export function header(answer: Pick<HttpAnswer, 'headers'>, name: string): string | undefined {
  const values = headerValues(answer, name)
  if (values.length > 1) throw new Error(`${name} came ${values.length} times`)
  return values[0]
}

/**
 * Every complete final answer at the start of the bytes, and the bytes behind them that are no complete answer.
 * Informational answers are skipped. With `rejectBody`, as for HEAD, no answer has a body.
 */
export function readAnswers(bytes: Buffer, bodiless = false): { answers: HttpAnswer[]; rest: Buffer } {
  const answers: HttpAnswer[] = []
  let rest = bytes
  for (;;) {
    const read = readAnswer(rest, bodiless)
    if (read === null) return { answers, rest }
    if (read.answer.status >= 200) answers.push(read.answer)
    rest = rest.subarray(read.end)
  }
}

function readAnswer(bytes: Buffer, bodiless: boolean): { answer: HttpAnswer; end: number } | null {
  const headEnd = bytes.indexOf('\r\n\r\n')
  if (headEnd === -1) return null
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, headEnd).split('\r\n')
  const [, status, reason = ''] = /^HTTP\/1\.1 ([1-5][0-9]{2}) (.+)$/.exec(statusLine) ?? []
  if (status === undefined) throw new Error(`no HTTP answer: ${JSON.stringify(statusLine)}`)
  const headers = lines.map(line => {
    const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+): (.*)$/.exec(line) ?? []
    if (name === undefined || value === undefined) throw new Error(`no header: ${JSON.stringify(line)}`)
    return [name.toLowerCase(), value] as const
  })
  const framed = bodiless ? { body: '', end: headEnd + 4 } : readBody(bytes, headEnd + 4, headers)
  if (framed === null) return null
  return { answer: { status: Number(status), reason, headers, body: framed.body }, end: framed.end }
}

function readBody(
  bytes: Buffer,
  start: number,
  headers: HttpAnswer['headers']
): { body: string; end: number } | null {
  if (header({ headers }, 'transfer-encoding') === 'chunked') return readChunks(bytes, start)
  const end = start + Number(header({ headers }, 'content-length') ?? 0)
  return end > bytes.length ? null : { body: bytes.toString('utf8', start, end), end }
}

function readChunks(bytes: Buffer, start: number): { body: string; end: number } | null {
  const chunks: Buffer[] = []
  let at = start
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd === -1) return null
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16)
    const next = lineEnd + 2 + size + 2
    if (next > bytes.length) return null
    if (size === 0) return { body: Buffer.concat(chunks).toString('utf8'), end: next }
    chunks.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size))
    at = next
  }
}
