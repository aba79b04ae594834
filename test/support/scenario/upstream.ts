import { parseHead } from '../../../src/sandbox/request-reader.ts'
import type { RequestRecord } from '../../../src/sandbox/request-record.ts'
import { type UpstreamRequest, upstreamRequestOf } from '../checker/histories.ts'

/**
 * What the sandbox recorded, as entries of U. A connection that was reset unread may have held more than one request
 * (the gateway took bytes nobody had asked for as the answer to the first, and sent the next): each is an entry.
 */
export function upstreamRequestsOf(record: RequestRecord): UpstreamRequest[] {
  const texts = record.complete
    ? []
    : `${record.head}${record.body}`.split(/(?<=\})(?=POST \/contents\/v1\/)/)
  if (texts.length < 2) return [upstreamRequestOf(record)]
  return texts.map(text => {
    const headEnd = text.indexOf('\r\n\r\n')
    const head = headEnd === -1 ? text : text.slice(0, headEnd + 4)
    const parsed = parseHead(head.trimEnd())
    const { method, path, headers } =
      typeof parsed === 'string' ? { method: null, path: null, headers: [] } : parsed
    return upstreamRequestOf({ ...record, head, body: text.slice(head.length), method, path, headers })
  })
}
