import type { OutcomeFields } from '../../../src/ledger/entry/entry.ts'
import { type ProbeResult, probeUpstream } from '../../../src/upstream/probe.ts'
import { materialOf } from '../fixtures/held-credentials.ts'

/** What `probeUpstream` finds with a key, and the outcome that the ledger got. */
export async function askAs(
  key: string,
  origin: string,
  deadlineMs = 20_000
): Promise<{ found: ProbeResult; outcome: OutcomeFields | undefined }> {
  const material = materialOf(key)
  let outcome: OutcomeFields | undefined
  try {
    const found = await probeUpstream(
      { material, name: 'default', version: 1 },
      {
        origin,
        deadlineMs,
        ledger: {
          recordIntent: async () => {},
          recordOutcome: async (_call, facts) => {
            outcome = facts
          }
        }
      }
    )
    return { found, outcome }
  } finally {
    material.discard()
  }
}
