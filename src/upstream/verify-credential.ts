import { strictJson } from '../base/strict-json.ts'
import { uuidv7 } from '../base/uuid.ts'
import { Problem } from '../contract/problem.ts'
import { KeyHandle } from '../custody/key-handle.ts'
import type { KeyMaterial } from '../custody/key-material.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { Budget } from './budget.ts'
import type { Call, Operation } from './call.ts'
import { createForwarder } from './forwarder.ts'
import { Transport } from './transport/transport.ts'

export type KeyToVerify = {
  readonly material: KeyMaterial
  readonly name: string
  readonly version: number
}

export type VerifyOptions = {
  readonly origin: string
  readonly deadlineMs: number
  readonly ledger: Pick<Ledger, 'recordIntent' | 'recordOutcome'>
  /** The id of the read in the ledger and upstream; a new one unless given. */
  readonly requestId?: string
}

export type CredentialVerification = {
  /** The id of the read in the ledger and upstream. */
  readonly requestId: string
  /** What the read ended with: `upstream_credential_rejected` for a key that the upstream rejects; null when it takes the key. */
  readonly problem: Problem | null
  /** The answer contained the key, and is known from now on to everybody who keeps such answers. */
  readonly leaksKey: boolean
}

/** A read that changes nothing: which connectors the key may see. */
const listConnectors: Operation<true> = {
  name: 'credential.verify',
  method: 'GET',
  path: '/contents/v1/connectors',
  connectorId: undefined,
  request: {},
  body: null,
  read: body => (hasResults(body) ? { value: true, state: undefined } : null)
}

/** Verifies a key by a harmless read, forwarded and recorded in the ledger like every call. */
export async function verifyCredential(
  { material, name, version }: KeyToVerify,
  { origin, deadlineMs, ledger, requestId = uuidv7() }: VerifyOptions
): Promise<CredentialVerification> {
  const transport = new Transport({ origin, deadlineMs, connections: 1 })
  const forward = createForwarder({
    transport,
    credentials: {
      acquire: () => new KeyHandle(name, { version, material }),
      acquireFallback: () => null,
      revert: () => {},
      containsKey: bytes => material.search.isIn(bytes),
      containsKeyPart: text => material.search.partIn(text)
    },
    breaker: { admit: () => 0, waitSeconds: () => 0, reportAccepted: () => {}, reportRejected: () => {} },
    budget: new Budget({ perCredential: 1, perEgress: 1 }),
    ledger,
    deadlineMs,
    // The result says whether the key leaked.
    events: { publish: () => {} }
  })
  const call: Call = {
    requestId,
    clientIp: undefined,
    startedAt: performance.now(),
    abandoned: () => false,
    recorded: false,
    attempts: undefined
  }
  let problem: Problem | null = null
  try {
    await forward(call, { tenant: undefined, keyId: undefined, credentials: [name] }, listConnectors)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    problem = error
  } finally {
    await transport.close()
  }
  return { requestId, problem, leaksKey: call.attempts?.outcome.incident === 'credential_echoed' }
}

function hasResults(body: string): boolean {
  const answer = strictJson(body) as { results?: unknown } | null | undefined
  return Array.isArray(answer?.results)
}
