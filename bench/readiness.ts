import type { ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectorId, requestBody, syncPath } from './fixture.ts'
import type { Target } from './load/connection.ts'

const limitMs = 15_000

/** Why a sync call does not get its 200, or null when it does. */
async function refusal({ port, credential }: Target): Promise<string | null> {
  const [name, value] = credential.split(': ') as [string, string]
  try {
    const answer = await fetch(`http://127.0.0.1:${port}${syncPath(connectorId(0))}`, {
      method: 'POST',
      headers: { [name]: value, 'content-type': 'application/json', connection: 'close' },
      body: requestBody,
      signal: AbortSignal.timeout(limitMs)
    })
    const text = await answer.text()
    return answer.status === 200 ? null : `${answer.status} ${text.slice(0, 300)}`
  } catch (error) {
    return error instanceof Error ? String(error.cause ?? error.message) : String(error)
  }
}

/** Waits until sync calls through `target` succeed. Throws when `server` has ended or after 15 s. */
export async function waitUntilServing(target: Target, server: ChildProcess | null): Promise<void> {
  const giveUpAt = performance.now() + limitMs
  for (let reason = await refusal(target); reason !== null; reason = await refusal(target)) {
    if (server !== null && server.exitCode !== null) throw new Error(`ended with code ${server.exitCode}`)
    if (performance.now() > giveUpAt) throw new Error(`not serving after ${limitMs / 1000} s: ${reason}`)
    await sleep(20)
  }
}
