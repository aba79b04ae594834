import type { Flags } from '../flags.ts'
import type { Sample } from '../round.ts'
import { median } from '../statistics.ts'
import type { SearchTime } from './searches.ts'

/** What verifying one store took. */
export type Verified = {
  readonly entries: number
  readonly faults: number
  readonly perCpuSecond: number
  readonly peakRssMb: number
}

export type LedgerFigures = {
  readonly entries: number
  readonly searches: readonly SearchTime[]
  /** Of a tenth of the entries, and of all. */
  readonly checks: readonly [Verified, Verified]
  readonly startsMs: readonly number[]
  /** By round, of `empty`, `large` and `none`. */
  readonly samples: ReadonlyMap<string, readonly Sample[]>
}

/** The figures of a run beside the bars of the ledger, as Markdown. */
export function ledgerReport(figures: LedgerFigures, { rounds, seconds, connections }: Flags): string {
  const { entries, searches, checks, startsMs, samples } = figures
  const of = (name: string, metric: (sample: Sample) => number) => (samples.get(name) ?? []).map(metric)
  const ratios = (one: number[], other: number[]) =>
    one.map((value, round) => value / (other[round] ?? Number.NaN))
  const rate = ({ requestsPerSecond }: Sample) => requestsPerSecond
  const cpu = ({ cpuMicrosPerRequest }: Sample) => cpuMicrosPerRequest
  const kept = median(ratios(of('large', rate), of('empty', rate)))
  const share = median(ratios(of('none', cpu), of('empty', cpu)).map(rest => 1 - rest))
  const [tenth, all] = checks
  const slowest = searches.reduce((one, other) => (other.medianMs > one.medianMs ? other : one))
  const slowestFirst = searches.reduce((one, other) => (other.firstMs > one.firstMs ? other : one))
  const bars = [
    [
      'Entries verified in a CPU second',
      '≥ 300,000',
      all.perCpuSecond.toFixed(0),
      all.perCpuSecond >= 300_000
    ],
    [
      'Peak memory of verifying, all over a tenth',
      'constant',
      `${all.peakRssMb.toFixed(0)} MB over ${tenth.peakRssMb.toFixed(0)} MB`,
      all.peakRssMb < 1.25 * tenth.peakRssMb
    ],
    [
      `First page of any search, median (slowest: ${slowest.name})`,
      '≤ 50 ms',
      `${slowest.medianMs.toFixed(1)} ms`,
      slowest.medianMs <= 50
    ],
    [
      `The same, nothing in memory (slowest: ${slowestFirst.name})`,
      '',
      `${slowestFirst.firstMs.toFixed(1)} ms`,
      null
    ],
    ['Start', '≤ 1500 ms', `${median(startsMs).toFixed(0)} ms`, median(startsMs) <= 1500],
    ['Throughput, over that with an empty ledger', '≥ 0.90 ×', `${kept.toFixed(2)} ×`, kept >= 0.9],
    ['Part of a call’s CPU that the ledger takes', '≤ 30 %', `${(100 * share).toFixed(0)} %`, share <= 0.3]
  ] as const
  const verdict = (met: boolean | null) => (met === null ? '' : met ? 'pass' : 'short')
  return [
    `A ledger of ${entries} entries; ${rounds} interleaved rounds, ${seconds} s at ${connections} connections. ${new Date().toISOString().slice(0, 10)}.`,
    ['### The ledger must reach', '', '|  | bar | measured |  |', '| --- | ---: | ---: | ---: |']
      .concat(
        bars.map(([name, limit, measured, met]) => `| ${name} | ${limit} | ${measured} | ${verdict(met)} |`)
      )
      .join('\n'),
    [
      '### Searches, first page of 100',
      '',
      '| for | found | median, ms | worst, ms | nothing in memory, ms |',
      '| --- | ---: | ---: | ---: | ---: |'
    ]
      .concat(
        searches.map(
          ({ name, found, medianMs, worstMs, firstMs }) =>
            `| ${name} | ${found} | ${medianMs.toFixed(2)} | ${worstMs.toFixed(2)} | ${firstMs.toFixed(1)} |`
        )
      )
      .join('\n'),
    ['### CPU of the gateway, µs/request', '', '|  | median | requests/s |', '| --- | ---: | ---: |']
      .concat(
        ['empty', 'large', 'none'].map(
          name =>
            `| ${titles[name]} | ${median(of(name, cpu)).toFixed(1)} | ${median(of(name, rate)).toFixed(0)} |`
        )
      )
      .join('\n')
  ].join('\n\n')
}

const titles: Readonly<Record<string, string>> = {
  empty: 'over an empty ledger',
  large: 'over the large ledger',
  none: 'without a ledger: what it records is thrown away'
}
