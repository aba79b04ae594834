import type { ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectorId, requestKinds } from './fixture.ts'
import type { Target } from './load/connection.ts'

const limitMs = 15_000

/** Why a request does not get its answer, or null when it does. */
async function refusal({ port, credential, prefix = '', request = 'sync' }: Target): Promise<string | null> {
  const { method, path, body, status } = requestKinds[request]
  const lines = credential.split('\r\n').filter(Boolean)
  try {
    const answer = await fetch(`http://127.0.0.1:${port}${prefix}${path.replace('{id}', connectorId(0))}`, {
      method,
      headers: [
        ...lines.map(line => line.split(': ') as [string, string]),
        ...(body === null ? [] : [['content-type', 'application/json'] as [string, string]]),
        ['connection', 'close']
      ],
      body,
      signal: AbortSignal.timeout(limitMs)
    })
    const text = await answer.text()
    return answer.status === status ? null : `${answer.status} ${text.slice(0, 300)}`
  } catch (error) {
    return error instanceof Error ? String(error.cause ?? error.message) : String(error)
  }
}

/** Waits until `target` answers as it should. Throws when `server` has ended or after 15 s. */
export async function waitUntilServing(target: Target, server: ChildProcess | null): Promise<void> {
  const giveUpAt = performance.now() + limitMs
  for (let reason = await refusal(target); reason !== null; reason = await refusal(target)) {
    if (server !== null && server.exitCode !== null) throw new Error(`ended with code ${server.exitCode}`)
    if (performance.now() > giveUpAt) throw new Error(`not serving after ${limitMs / 1000} s: ${reason}`)
    await sleep(20)
  }
}
