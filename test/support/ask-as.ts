import type { OutcomeFacts } from '../../src/ledger/entry/entry.ts'
import { askUpstream, type UpstreamFinding } from '../../src/upstream/probe.ts'
import { materialOf } from './held-credentials.ts'

/** What `askUpstream` finds with a key, and the outcome that the ledger got. */
export async function askAs(
  key: string,
  origin: string,
  deadlineMs = 20_000
): Promise<{ found: UpstreamFinding; outcome: OutcomeFacts | undefined }> {
  const material = materialOf(key)
  let outcome: OutcomeFacts | undefined
  try {
    const found = await askUpstream(
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
