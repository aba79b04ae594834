import type { Sample } from '../round.ts'
import { median } from '../statistics.ts'

/** What each contender showed, round by round; null where its round failed. */
export type Samples = ReadonlyMap<string, readonly (Sample | null)[]>

/** Something measured of one contender in one round; `direct` is the upstream's sample of that round. */
export interface Metric {
  readonly title: string
  readonly digits: number
  of(sample: Sample, direct: Sample | null): number
}

export const throughput: Metric = {
  title: 'Throughput, requests/s',
  digits: 0,
  of: sample => sample.requestsPerSecond
}

export const cpuPerRequest: Metric = {
  title: 'CPU of the server, µs/request',
  digits: 1,
  of: sample => sample.cpuMicrosPerRequest
}

/** CPU at a constant rate, where a group commit has fewer calls to share its cost. */
export function steadyCpu(perSecond: number): Metric {
  return {
    title: `CPU of the server at ${perSecond}/s, µs/request`,
    digits: 1,
    of: sample => sample.steady.get(perSecond)?.cpuMicrosPerRequest ?? Number.NaN
  }
}

/** What a contender adds to a percentile of direct's latency, at a constant rate. */
export function addedLatency(percentile: 'p50Ms' | 'p99Ms', perSecond: number): Metric {
  const of = (sample: Sample | null): number => sample?.steady.get(perSecond)?.[percentile] ?? Number.NaN
  return {
    title: `Latency added over direct at ${perSecond}/s, ${percentile.slice(0, 3)}, ms`,
    digits: 3,
    of: (sample, direct) => of(sample) - of(direct)
  }
}

export const peakRss: Metric = {
  title: 'Peak resident memory, MB',
  digits: 1,
  of: sample => sample.peakRssBytes / 1e6
}

/** The metric of one contender, a number per round; NaN where there is none. */
export function seriesOf(samples: Samples, name: string, metric: Metric): number[] {
  const direct = samples.get('direct') ?? []
  return (samples.get(name) ?? []).map((sample, round) =>
    sample === null ? Number.NaN : metric.of(sample, direct[round] ?? null)
  )
}

/** Round by round, one contender's metric over another's: what both met in the same round cancels out. */
export function ratiosOf(samples: Samples, name: string, other: string, metric: Metric): number[] {
  const others = seriesOf(samples, other, metric)
  return seriesOf(samples, name, metric).map((value, round) => value / (others[round] ?? Number.NaN))
}

/** The median of the numbers that there are. */
export function medianOf(series: readonly number[]): number {
  return median(series.filter(Number.isFinite))
}

/** Median, and smallest to largest. */
export function spread(series: readonly number[], digits: number): string {
  const numbers = series.filter(Number.isFinite)
  if (numbers.length === 0) return '–'
  const show = (value: number): string => value.toFixed(digits)
  return `${show(median(numbers))} (${show(Math.min(...numbers))}–${show(Math.max(...numbers))})`
}
