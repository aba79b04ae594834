import { uuidv7 } from '../base/uuid.ts'
import { Problem, type ProblemCode } from '../contract/problem.ts'
import { type UnreachableCause, unreachableCauses } from './unreachable-cause.ts'
import { type KeyToVerify, type VerifyOptions, verifyCredential } from './verify-credential.ts'

/** What came of one harmless read with a key of ours. */
export type ProbeResult = {
  /** How the ledger names the read, and the upstream too. */
  readonly request_id: string
  /** How it ended: the code of its outcome in the ledger. */
  readonly code: 'accepted' | ProblemCode
  /** Whether an HTTP answer came. */
  readonly reached: boolean
  /** Why none came; undefined when one did. */
  readonly cause: UnreachableCause | undefined
  /** The HTTP status of the answer. */
  readonly status: number | undefined
  /** `unproven` when the answer, or its absence, says nothing about the key. */
  readonly key: 'accepted' | 'refused' | 'unproven'
  /** The answer held the key, which is known from then on to whoever keeps such answers. Absent unless it did. */
  readonly echoed?: true
}

/**
 * Asks the upstream by a read that changes nothing, whether it can be reached and takes a key. It goes through the door
 * like every call, so it is in the ledger that is given; nothing is sent when that cannot record. Throws what the
 * ledger throws, and otherwise always finds something.
 */
export async function probeUpstream(
  key: KeyToVerify,
  { requestId = uuidv7(), ...options }: VerifyOptions
): Promise<ProbeResult> {
  const found: { request_id: string; cause: undefined; echoed?: true } = {
    request_id: requestId,
    cause: undefined
  }
  const onEcho = () => {
    found.echoed = true
  }
  try {
    await verifyCredential(key, { ...options, requestId, onEcho })
    return { ...found, code: 'accepted', reached: true, status: 200, key: 'accepted' }
  } catch (error) {
    if (!(error instanceof Problem) || error.code === 'ledger_unavailable') throw error
    const { code } = error
    const status = error.options.upstream?.status
    const refused = code === 'upstream_credential_rejected'
    const answer = { ...found, code, status, key: refused ? 'refused' : 'unproven' } as const
    if (status !== undefined) return { ...answer, reached: true }
    return { ...answer, reached: false, cause: causeOf(error) }
  }
}

/** Of a read that no answer came to. */
function causeOf({ code, options: { facts } }: Problem): UnreachableCause {
  if (code === 'upstream_timeout') return 'timeout'
  if (code === 'upstream_answer_invalid') return 'not_http'
  return unreachableCauses.find(cause => cause === facts?.cause) ?? 'other'
}
