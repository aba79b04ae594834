import type { Problem, ProblemCode } from '../contract/problem.ts'
import { type UnreachableCause, unreachableCauses } from './unreachable-cause.ts'
import { type KeyToVerify, type VerifyOptions, verifyCredential } from './verify-credential.ts'

/** What came of one harmless read with a key of ours. */
export type ProbeResult = {
  /** The id of the read in the ledger and upstream. */
  readonly request_id: string
  /** The code of its outcome in the ledger. */
  readonly code: 'accepted' | ProblemCode
  /** Whether an HTTP answer came. */
  readonly reached: boolean
  /** Why none came; undefined when one did. */
  readonly cause: UnreachableCause | undefined
  /** The HTTP status of the answer. */
  readonly status: number | undefined
  /** `unproven` when the answer, or its absence, says nothing about the key. */
  readonly key: 'accepted' | 'refused' | 'unproven'
  /** The answer contained the key, and is known from now on to everybody who keeps such answers. Absent unless it did. */
  readonly echoed?: true
}

/** Whether the upstream can be reached and takes a key. Throws `ledger_unavailable`, with nothing sent or its outcome unrecorded. */
export async function probeUpstream(key: KeyToVerify, options: VerifyOptions): Promise<ProbeResult> {
  const { requestId, problem, leaksKey } = await verifyCredential(key, options)
  if (problem?.code === 'ledger_unavailable') throw problem
  const status = problem === null ? 200 : problem.options.upstream?.status
  const verdict = problem?.code === 'upstream_credential_rejected' ? 'refused' : 'unproven'
  return {
    request_id: requestId,
    code: problem?.code ?? 'accepted',
    reached: status !== undefined,
    cause: problem && status === undefined ? causeOf(problem) : undefined,
    status,
    key: problem === null ? 'accepted' : verdict,
    ...(leaksKey && { echoed: true })
  }
}

/** Why no answer came. */
function causeOf({ code, options: { logFields: facts } }: Problem): UnreachableCause {
  if (code === 'upstream_timeout') return 'timeout'
  if (code === 'upstream_answer_invalid') return 'not_http'
  return unreachableCauses.find(cause => cause === facts?.cause) ?? 'other'
}
