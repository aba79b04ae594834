import { readFile, stat } from 'node:fs/promises'
import { Agent, request } from 'undici'
import { errorReason } from '../../base/error-reason.ts'
import { domainError, hasCode } from '../../contract/error-table.ts'

/** Where the public keys of an issuer come from. */
export type JwksSource = {
  /** The key set as text, at most 256 KiB and within 5 s. Throws `jwks_unavailable`. */
  read(): Promise<string>
  /** How often to read again, in milliseconds. */
  readonly everyMs: number
  /** The file or the origin of the URL, for events. */
  readonly from: string
}

const maxBytes = 256 * 1024
const fetchDeadlineMs = 5_000
const connectDeadlineMs = 3_000
/** Reading a file costs nothing; an issuer expects caches to ask about as often as this. */
const fileEveryMs = 1_000
const urlEveryMs = 5 * 60_000

/** The source behind `file:PATH` or a URL, which has `deadlineMs` for its whole answer. */
export function jwksSource(location: string, deadlineMs = fetchDeadlineMs): JwksSource {
  if (location.startsWith('file:')) {
    const path = location.slice('file:'.length)
    const reasonOf = (error: unknown) => `${location} cannot be read (${errorReason(error)})`
    return { read: () => orUnavailable(readKeyFile(path), reasonOf), everyMs: fileEveryMs, from: location }
  }
  const { origin } = new URL(location)
  const reasonOf = (error: unknown) => `could not fetch the keys: ${fetchFailure(error, origin, deadlineMs)}`
  return {
    read: () => orUnavailable(fetchKeys(location, deadlineMs), reasonOf),
    everyMs: urlEveryMs,
    from: origin
  }
}

async function orUnavailable(read: Promise<string>, reasonOf: (error: unknown) => string): Promise<string> {
  try {
    return await read
  } catch (error) {
    throw hasCode(error, 'jwks_unavailable') ? error : domainError('jwks_unavailable', reasonOf(error))
  }
}

async function readKeyFile(path: string): Promise<string> {
  if ((await stat(path)).size > maxBytes)
    throw domainError('jwks_unavailable', 'it is too large for a key set')
  return await readFile(path, 'utf8')
}

/** One request on its own connection, without redirects: the target of one would choose whom to trust. */
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
  } finally {
    await agent.destroy()
  }
}

/** Names the origin alone: the rest of the URL may hold a secret. */
function fetchFailure(error: unknown, origin: string, deadlineMs: number): string {
  const reason = errorReason(error)
  if (reason === 'TimeoutError') return `no whole answer from ${origin} within ${deadlineMs} ms`
  if (reason === 'UND_ERR_CONNECT_TIMEOUT') return `no connection to ${origin} within ${connectDeadlineMs} ms`
  return `${origin} failed (${reason})`
}
