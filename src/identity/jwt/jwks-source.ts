import { readFile, stat } from 'node:fs/promises'
import { Agent, request } from 'undici'
import { errorReason } from '../../base/error-reason.ts'
import { domainError, hasCode } from '../../contract/error-table.ts'

/** Where the public keys of an issuer come from. */
export type JwksSource = {
  /** The key set as text, at most 256 KiB and within 5 s. Throws JwksUnavailable. */
  read(): Promise<string>
  /** How often it is worth reading again, in milliseconds. */
  readonly everyMs: number
  /** Where they come from, for the log: a file, or the origin of a URL. */
  readonly from: string
}

const maxBytes = 256 * 1024
const fetchDeadlineMs = 5_000
const connectDeadlineMs = 3_000
/** A file costs nothing to look at; an issuer is asked as often as its own caches would. */
const fileEveryMs = 1_000
const urlEveryMs = 5 * 60_000

/** The source behind `file:PATH` or a URL, which has `deadlineMs` for its whole answer. */
export function jwksSource(place: string, deadlineMs = fetchDeadlineMs): JwksSource {
  return place.startsWith('file:')
    ? { read: () => readKeyFile(place.slice('file:'.length)), everyMs: fileEveryMs, from: place }
    : { read: () => fetchKeys(place, deadlineMs), everyMs: urlEveryMs, from: new URL(place).origin }
}

async function readKeyFile(path: string): Promise<string> {
  try {
    if ((await stat(path)).size > maxBytes)
      throw domainError('jwks_unavailable', 'it is too large for a key set')
    return await readFile(path, 'utf8')
  } catch (error) {
    if (hasCode(error, 'jwks_unavailable')) throw error
    throw domainError('jwks_unavailable', `file:${path} cannot be read (${errorReason(error)})`)
  }
}

/** One request, on a connection of its own: no redirect is followed, as it would choose who is trusted. */
async function fetchKeys(url: string, deadlineMs: number): Promise<string> {
  const agent = new Agent({
    connections: 1,
    allowH2: false,
    maxResponseSize: maxBytes,
    maxHeaderSize: 16_384,
    connect: { timeout: connectDeadlineMs, rejectUnauthorized: true }
  })
  try {
    const { statusCode, body } = await request(url, {
      dispatcher: agent,
      headers: { accept: 'application/jwk-set+json, application/json', 'accept-encoding': 'identity' },
      signal: AbortSignal.timeout(deadlineMs)
    })
    if (statusCode !== 200) throw domainError('jwks_unavailable', `the issuer answered ${statusCode}`)
    return await body.text()
  } catch (error) {
    if (hasCode(error, 'jwks_unavailable')) throw error
    throw domainError(
      'jwks_unavailable',
      `the issuer could not be asked: ${whyNot(error, new URL(url), deadlineMs)}`
    )
  } finally {
    await agent.destroy()
  }
}

/** Nothing of the URL but its origin: what stands behind that may be a secret. */
function whyNot(error: unknown, { origin }: URL, deadlineMs: number): string {
  const reason = errorReason(error)
  if (reason === 'TimeoutError') return `no whole answer from ${origin} within ${deadlineMs} ms`
  if (reason === 'UND_ERR_CONNECT_TIMEOUT') return `no connection to ${origin} within ${connectDeadlineMs} ms`
  return `${origin} failed (${reason})`
}
