import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { readStore } from '../../src/ledger/query/read-store.ts'
import { verifyLedger } from '../../src/ledger/verify/verify.ts'
import { openStore } from '../../src/store/store.ts'
import { type DiskEvent, parseDiskTrace, traceWords, UnreliableDisk } from '../support/disk/disk-trace.ts'
import { attach, noStrace } from '../support/disk/strace.ts'
import type { ClientCall } from '../support/scenario/client.ts'
import { load } from '../support/scenario/load.ts'
import { Scenario } from '../support/scenario/scenario.ts'

const callCount = 400

type Recorded = { scenario: Scenario; before: Map<string, Buffer>; events: DiskEvent[] }

/** Calls through a gateway whose writes and syncs are recorded, from a state that is on the disk. */
async function record(): Promise<Recorded> {
  const scenario = await Scenario.start()
  const { key } = await scenario.addTenant('acme')
  const { port, process } = await scenario.startGateway()
  const paths = [scenario.storePath, `${scenario.storePath}-wal`]
  const trace = join(scenario.folder, 'trace')
  const tracer = await attach(process.pid, ...traceWords, '-o', trace)
  const before = new Map(paths.map(path => [path, readFileSync(path)]))
  const goOn = () => scenario.calls.length < callCount
  await load(scenario, { port, keys: [key], clients: 4, goOn })
  await tracer.detach()
  await process.kill()
  return { scenario, before, events: parseDiskTrace(readFileSync(trace, 'utf8'), paths) }
}

/**
 * What was acknowledged, and what was sent, before a time (milliseconds since 1970), by the day it asked for. Clients count
 * whole milliseconds, so what came in the same one may have come later.
 */
function knownBefore({ calls, sandbox }: Scenario, at: number): { answered: string[]; sent: string[] } {
  const isAnswered = (call: ClientCall) =>
    call.status === 200 && (call.firstByteAtMs ?? Infinity) < Math.floor(at)
  const sent = sandbox.requests().filter(({ received_at_ms }) => received_at_ms < Math.floor(at))
  return {
    answered: calls.filter(isAnswered).map(call => call.dateLimit ?? ''),
    sent: sent.flatMap(({ body }) => (JSON.parse(body) as { date_limit?: string }).date_limit ?? [])
  }
}

/** Opens what a power cut left, as the next start would, and tells which days have an intent and an outcome. */
async function found(
  files: ReadonlyMap<string, Buffer>
): Promise<{ intents: Set<string>; outcomes: Set<string> }> {
  const folder = mkdtempSync(join(tmpdir(), 'power-cut-'))
  try {
    mkdirSync(folder, { recursive: true })
    for (const [path, content] of files) writeFileSync(join(folder, basename(path)), content)
    const store = await openStore(`sqlite:${join(folder, 'gateway.db')}`)
    const { faults } = await verifyLedger(readStore(store.raw))
    expect(faults).toEqual([])
    const days = (kind: string) =>
      store.raw
        .prepare(`SELECT entry ->> '$.request.date_limit' AS day FROM ledger WHERE kind = ?`)
        .all(kind)
        .map(row => String(row['day']))
    const result = { intents: new Set(days('call.intent')), outcomes: new Set(days('call.outcome')) }
    store.close()
    return result
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

test.skipIf(noStrace !== false)(
  `after a power cut at any sync every acknowledged outcome and every intent of what was sent is there${noStrace === false ? '' : ` (not here: ${noStrace})`}`,
  async () => {
    const { scenario, before, events } = await record()
    try {
      const disk = new UnreliableDisk(before)
      let [cuts, acknowledged] = [0, 0]
      for (const event of events) {
        // Just before a sync is done: all that it would make durable is still at the mercy of the disk.
        if (event.kind === 'sync') {
          const { answered, sent } = knownBefore(scenario, event.at)
          const { intents, outcomes } = await found(disk.afterPowerCut(scenario.random))
          expect(answered.filter(day => !outcomes.has(day))).toEqual([])
          expect(sent.filter(day => !intents.has(day))).toEqual([])
          cuts++
          acknowledged = answered.length
        }
        disk.add(event)
      }
      console.log(
        `${cuts} power cuts, ${events.length} writes and syncs, ${acknowledged} outcomes acknowledged`
      )
      expect(acknowledged).toBeGreaterThan(callCount / 2)
    } finally {
      await scenario.close()
    }
  }
)
