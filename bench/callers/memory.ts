import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { storeFile } from '../contenders/gateway.ts'
import type { Cores } from '../cores.ts'
import { peakRssBytes, rssBytes } from '../process-tree.ts'
import { bar } from '../report/bars.ts'
import { spread } from '../report/series.ts'
import { table } from '../report/tables.ts'
import { median } from '../statistics.ts'
import type { Part, Size } from './part.ts'
import { runGateway } from './running-gateway.ts'
import type { Stores } from './stores.ts'

/** Long enough for Node to collect, by itself, what a start has left. */
const settleMs = 15_000
const limitMb = 200

type Sample = {
  readonly readyMs: number
  readonly readyMb: number
  readonly peakMb: number
  readonly settledMb: number
}

async function sample(folder: string, prepared: string, upstreamPort: number, cores: Cores): Promise<Sample> {
  // A store of its own: what a gateway writes is not to be found by the next.
  const copy = join(folder, 'memory')
  cpSync(prepared, copy, { recursive: true })
  const gateway = await runGateway(join(folder, 'memory-gateway'), {
    store: storeFile(copy),
    upstreamPort,
    cores: cores.server === null ? null : String(cores.server)
  })
  try {
    const readyMb = rssBytes(gateway.pid) / 1e6
    await sleep(settleMs)
    const { pid, readyMs } = gateway
    return { readyMs, readyMb, peakMb: peakRssBytes(pid) / 1e6, settledMb: rssBytes(pid) / 1e6 }
  } finally {
    await gateway.stop()
    for (const path of [copy, join(folder, 'memory-gateway')]) rmSync(path, { recursive: true, force: true })
  }
}

/** The resident memory of a gateway with many tenants over that of one with ten, and how long it takes to start. */
export async function measureMemory(
  { tenants, rounds }: Size,
  { folder, large, ten, upstreamPort }: Stores,
  cores: Cores
): Promise<Part> {
  const samples = { large: [] as Sample[], ten: [] as Sample[] }
  for (let round = 0; round < rounds; round++) {
    samples.ten.push(await sample(folder, ten, upstreamPort, cores))
    samples.large.push(await sample(folder, large, upstreamPort, cores))
  }
  const over = (which: 'readyMb' | 'settledMb') =>
    median(samples.large.map((one, round) => one[which] - (samples.ten[round] as Sample)[which]))
  const show = (mb: number) => `${mb.toFixed(0)} MB`
  const bars = [
    bar(
      `Resident memory for ${tenants} tenants over that for ten, when ready`,
      over('readyMb'),
      limitMb,
      false,
      show
    ),
    bar('The same, 15 s later', over('settledMb'), limitMb, false, show)
  ]
  const columns = ['readyMb', 'settledMb', 'peakMb', 'readyMs'] as const
  const rows = (['large', 'ten'] as const).map(which => [
    which === 'large' ? `${tenants} tenants` : 'ten tenants',
    ...columns.map(column =>
      spread(
        samples[which].map(one => one[column]),
        0
      )
    )
  ])
  const head = ['', 'when ready, MB', '15 s later, MB', 'at most, MB', 'ready after, ms']
  return { bars, text: `### Memory and start of a gateway\n\n${table(head, rows)}` }
}
