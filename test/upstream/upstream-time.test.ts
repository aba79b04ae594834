import { afterEach, beforeEach, expect, test } from 'vitest'
import type { CallFields, OutcomeFields } from '../../src/ledger/entry/entry.ts'
import { Budget } from '../../src/upstream/budget.ts'
import type { Call } from '../../src/upstream/call.ts'
import { createForwarder } from '../../src/upstream/forwarder.ts'
import { Transport } from '../../src/upstream/transport/transport.ts'
import { heldCredentials } from '../support/fixtures/held-credentials.ts'
import { recordEvents } from '../support/fixtures/recorded-events.ts'
import { acceptedAnswer, type RawUpstream, rawAnswer, rawUpstream } from '../support/http/raw-upstream.ts'

const connectorId = '00000000-0000-4000-8000-00000000000a'
/** Timers may be a little early by the clock that is read. */
const waitMs = 60
const atLeastMs = waitMs - 5

let upstream: RawUpstream
let transport: Transport
beforeEach(async () => {
  // Each answer takes its time, and the first key is refused.
  upstream = await rawUpstream({
    request({ text }, socket) {
      const refused = text.includes('bd_v2_first')
      const answer = refused ? rawAnswer('HTTP/1.1 401 Unauthorized', {}) : acceptedAnswer(connectorId)
      setTimeout(() => socket.write(answer), waitMs)
    }
  })
  transport = new Transport({ origin: upstream.origin, connections: 1 })
})
afterEach(async () => {
  await transport.close()
  await upstream.close()
})

function newCall(): Call {
  const startedAt = performance.now()
  return {
    requestId: 'a request',
    clientIp: undefined,
    startedAt,
    abandoned: () => false,
    recorded: false,
    attempts: undefined
  }
}

/** A door through which calls go with these keys of one credential, and the outcomes that the ledger got. */
function door(keys: readonly [active: string, standby?: string], deadlineMs = 20_000) {
  const outcomes: (CallFields & OutcomeFields)[] = []
  const forward = createForwarder({
    transport,
    ...heldCredentials({ default: keys }),
    budget: new Budget({ perCredential: 1000, perEgress: 1000 }),
    ledger: {
      recordIntent: async () => {},
      recordOutcome: async (facts, outcome) => void outcomes.push({ ...facts, ...outcome })
    },
    deadlineMs,
    events: recordEvents().events
  })
  const send = (call: Call) =>
    forward(
      call,
      { tenant: 'acme', keyId: 'key', credentials: ['default'] },
      {
        name: 'connector.sync',
        method: 'POST',
        path: `/contents/v1/connectors/${connectorId}/sync`,
        connectorId,
        request: {},
        body: '{}',
        read: () => ({ value: true, state: 'accepted' })
      }
    )
  return { outcomes, send }
}

test('the ledger has the upstream time of each attempt, and the log that of all of them', async () => {
  const { outcomes, send } = door(['bd_v2_first', 'bd_v2_second'])
  const call = newCall()
  expect(await send(call)).toBe(true)
  expect(outcomes.map(({ attempt, code }) => [attempt, code])).toEqual([
    [1, 'upstream_credential_rejected'],
    [2, 'accepted']
  ])
  const [first = 0, second = 0] = outcomes.map(({ upstream_ms }) => upstream_ms)
  expect(Math.min(first, second)).toBeGreaterThanOrEqual(atLeastMs)
  expect(call.attempts).toMatchObject({
    last: { attempt: 2, credential: outcomes[1]?.credential },
    outcome: { code: 'accepted' },
    upstreamMs: first + second
  })
  expect(first + second).toBeLessThanOrEqual((outcomes[1]?.duration_ms ?? 0) + 2)
})

test('a call without a connection before its deadline spent no time upstream', async () => {
  const occupied = door(['bd_v2_second']).send(newCall())
  const { outcomes, send } = door(['bd_v2_second'], waitMs / 3)
  await expect(send(newCall())).rejects.toMatchObject({ code: 'upstream_timeout' })
  expect(outcomes).toMatchObject([{ code: 'upstream_timeout', forwarded: 'no', upstream_ms: 0 }])
  expect(outcomes[0]?.cause).toBeUndefined()
  expect(await occupied).toBe(true)
})
