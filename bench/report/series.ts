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

export const addedP50: Metric = {
  title: 'Latency added over direct, p50, ms',
  digits: 3,
  of: (sample, direct) => sample.p50Ms - (direct?.p50Ms ?? Number.NaN)
}

export const addedP99: Metric = {
  title: 'Latency added over direct, p99, ms',
  digits: 3,
  of: (sample, direct) => sample.p99Ms - (direct?.p99Ms ?? Number.NaN)
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
