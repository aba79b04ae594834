import { type IncomingHttpHeaders, request } from 'node:http'

/** An answer with the very bytes of its body, as they came. */
export type FetchedDocument = {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** Asks for a document on a connection of its own: bytes, where raw requests give text. */
export function getDocument(
  port: number,
  path: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {}
): Promise<FetchedDocument> {
  const { promise, resolve, reject } = Promise.withResolvers<FetchedDocument>()
  const asking = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, response => {
    const chunks: Buffer[] = []
    response.on('data', chunk => chunks.push(chunk))
    response.on('error', reject)
    response.on('end', () =>
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) })
    )
  })
  asking.on('error', reject)
  asking.end()
  return promise
}
