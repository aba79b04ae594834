import { strictJson } from '../base/strict-json.ts'
import { uuidv7 } from '../base/uuid.ts'
import type { KeyHandle } from '../custody/credential.ts'
import type { KeyMaterial } from '../custody/key-material.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { Budget } from './budget.ts'
import { createForwarder, type Operation } from './forwarder.ts'
import { Transport } from './transport.ts'

export type KeyToVerify = {
  readonly material: KeyMaterial
  readonly name: string
  readonly version: number
}

export type VerifyOptions = {
  readonly origin: string
  readonly deadlineMs: number
  readonly ledger: Pick<Ledger, 'recordIntent' | 'recordOutcome'>
  /** Under which the read is in the ledger and goes upstream; one of its own unless given. */
  readonly requestId?: string
  /** Called when the answer holds the key. */
  readonly onEcho?: () => void
}

/** A read that changes nothing: which connectors the key may see. */
const listConnectors: Operation<true> = {
  name: 'credential.verify',
  method: 'GET',
  path: '/contents/v1/connectors',
  connectorId: undefined,
  request: {},
  body: null,
  read: body => (holdsResults(body) ? { value: true, state: undefined, refused: false } : null)
}

/**
 * Proves a key by a harmless read, through the door like every call: it is in the ledger. Throws the Problem that the
 * read ended with, `upstream_credential_rejected` for a key that the upstream refuses.
 */
export async function verifyCredential(
  { material, name, version }: KeyToVerify,
  { origin, deadlineMs, ledger, requestId = uuidv7(), onEcho = () => {} }: VerifyOptions
): Promise<void> {
  const transport = new Transport({ origin, deadlineMs, connections: 1 })
  const lease: KeyHandle = {
    name,
    version,
    label: `${name}@${version}`,
    canWait: false,
    use: callback => material.use(callback),
    release: () => {}
  }
  const forward = createForwarder({
    transport,
    credentials: {
      acquire: () => lease,
      acquireFallback: () => null,
      waitOf: () => 0,
      reportAccepted: () => {},
      reportRejected: () => {},
      containsKey: bytes => material.search.isIn(bytes),
      containsKeyPart: text => material.search.partIn(text)
    },
    budget: new Budget({ perCredential: 1, perEgress: 1 }),
    ledger,
    deadlineMs,
    // The only event that a forwarder publishes.
    events: { publish: onEcho }
  })
  const call = {
    requestId,
    clientIp: undefined,
    startedAt: performance.now(),
    abandoned: () => false,
    recorded: false,
    sends: undefined
  }
  try {
    await forward(call, { tenant: undefined, keyId: undefined, credentials: [name] }, listConnectors)
  } finally {
    await transport.close()
  }
}

function holdsResults(body: string): boolean {
  const answer = strictJson(body) as { results?: unknown } | null | undefined
  return Array.isArray(answer?.results)
}
