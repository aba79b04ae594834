import { setTimeout as delay } from 'node:timers/promises'
import { rawConnection } from '../http/raw-connection.ts'
import { syncBytes } from '../http/request-bytes.ts'
import { type ClientCall, ScenarioClient } from './client.ts'
import type { Scenario } from './scenario.ts'

export type LoadOptions = {
  readonly port: number
  readonly keys: readonly string[]
  /** How many clients send at the same time, each one request after another on its own connection. */
  readonly clients: number
  /** Asked before each request. */
  readonly goOn: () => boolean
  readonly onCall?: (call: ClientCall) => void
}

/** Runs clients until `goOn` says no or the gateway can no longer be reached. Every call goes into the scenario's C. */
export async function load(scenario: Scenario, options: LoadOptions): Promise<void> {
  const { port, keys, clients, goOn, onCall } = options
  async function run(index: number): Promise<void> {
    const client = new ScenarioClient(port)
    const key = keys[index % keys.length] ?? ''
    try {
      while (goOn()) {
        const call = await client.send(scenario.nextSync(key))
        // Nobody listens: what was never sent is no part of the history.
        if (call.error === 'ECONNREFUSED') return
        scenario.calls.push(call)
        onCall?.(call)
      }
    } finally {
      client.close()
    }
  }
  await Promise.all(Array.from({ length: clients }, (_, index) => run(index)))
}

/** Callers that leave: each sends a whole request and cuts its connection at a moment drawn by the seed. */
export async function abandonCalls(
  scenario: Scenario,
  { port, key, count }: { readonly port: number; readonly key: string; readonly count: number }
): Promise<void> {
  for (let left = count; left > 0; left--) {
    const { connectorId, body } = scenario.nextSync(key)
    const connection = await rawConnection(port)
    connection.ended.catch(() => {})
    connection.write(syncBytes({ key, connectorId }, { body }))
    await delay(scenario.random.integer(12))
    connection.reset()
  }
}

/** A condition that holds for the next `count` times it is asked. */
export function times(count: number): () => boolean {
  let left = count
  return () => left-- > 0
}
