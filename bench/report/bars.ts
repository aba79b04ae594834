import {
  addedP50,
  addedP99,
  type Metric,
  medianOf,
  peakRss,
  ratiosOf,
  type Samples,
  seriesOf,
  throughput
} from './series.ts'

/** What the gateway must reach, and whether it does. */
export interface Bar {
  readonly demand: string
  readonly limit: string
  readonly measured: string
  /** Null where it was not measured. */
  readonly isMet: boolean | null
}

/** A demand beside what was measured; `isFloor` when less is not enough. */
export function bar(
  demand: string,
  measured: number,
  limit: number,
  isFloor: boolean,
  show: (n: number) => string
): Bar {
  const isKnown = Number.isFinite(measured) && Number.isFinite(limit)
  return {
    demand,
    limit: `${isFloor ? '≥' : '≤'} ${Number.isFinite(limit) ? show(limit) : 'not measured'}`,
    measured: Number.isFinite(measured) ? show(measured) : 'not measured',
    isMet: isKnown ? (isFloor ? measured >= limit : measured <= limit) : null
  }
}

/** The bars of the project, over medians of all rounds. `syncMs` is the machine's fdatasync, `readyMs` the start. */
export function barsOf(samples: Samples, syncMs: number, readyMs: readonly number[]): Bar[] {
  const ratio = (demand: string, other: string, limit: number): Bar => {
    const measured = medianOf(ratiosOf(samples, 'gateway', other, throughput))
    return bar(demand, measured, limit, true, value => `${value.toFixed(2)} ×`)
  }
  const added = (demand: string, metric: Metric): Bar => {
    const limit = medianOf(seriesOf(samples, 'assembled', metric)) + 2 * syncMs
    const measured = medianOf(seriesOf(samples, 'gateway', metric))
    return bar(demand, measured, limit, false, value => `${value.toFixed(3)} ms`)
  }
  const rss = medianOf(seriesOf(samples, 'gateway', peakRss))
  return [
    ratio('Throughput over bare @fastify/http-proxy', 'http-proxy', 1.3),
    ratio('Throughput over the assembled peer', 'assembled', 2),
    ratio('Throughput over the plain undici proxy', 'undici-proxy', 0.45),
    added("Added latency at the constant rate, p50: the assembled peer's and two fsyncs", addedP50),
    added("Added latency at the constant rate, p99: the assembled peer's and two fsyncs", addedP99),
    bar('Peak resident memory', rss, 180, false, value => `${value.toFixed(1)} MB`),
    bar(
      'Ready after start with 10,000 tenants',
      medianOf(readyMs),
      1000,
      false,
      value => `${value.toFixed(0)} ms`
    )
  ]
}
