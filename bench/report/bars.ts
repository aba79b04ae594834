import { requestKinds } from '../fixture.ts'
import { overHello, type Refusals } from './refusals.ts'
import {
  addedLatency,
  type Metric,
  medianOf,
  peakRss,
  ratiosOf,
  type Samples,
  seriesOf,
  steadyCpu,
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

/** What the run measured, beside the rounds of the contenders. */
export interface Measured {
  readonly samples: Samples
  /** Of the machine's fdatasync. */
  readonly syncMs: number
  /** Of the start with many tenants. */
  readonly readyMs: readonly number[]
  readonly refusals: Refusals
}

const times = (value: number): string => `${value.toFixed(2)} ×`
const milliseconds = (value: number): string => `${value.toFixed(3)} ms`

/** The bars of the project, over medians of all rounds. */
export function barsOf({ samples, syncMs, readyMs, refusals }: Measured): Bar[] {
  const over = (other: string, metric: Metric): number =>
    medianOf(ratiosOf(samples, 'gateway', other, metric))
  const gateway = (metric: Metric): number => medianOf(seriesOf(samples, 'gateway', metric))
  const added = (perSecond: number, allowance: number): Bar =>
    bar(
      `p50 added at ${perSecond}/s: two fsyncs and ${allowance} ms`,
      gateway(addedLatency('p50Ms', perSecond)),
      2 * syncMs + allowance,
      false,
      milliseconds
    )
  return [
    bar('Throughput over the floor', over('floor', throughput), 0.7, true, times),
    bar('Throughput over bare @fastify/http-proxy', over('http-proxy', throughput), 1.15, true, times),
    bar('Throughput over the assembled peer', over('assembled', throughput), 1.75, true, times),
    added(1000, 0.8),
    added(200, 0.6),
    added(50, 0.6),
    bar("CPU a call at 1000/s, over the floor's", over('floor', steadyCpu(1000)), 2, false, times),
    ...(['credentialsInvalid', 'rateLimited'] as const).map(name =>
      bar(
        `Refusals over Fastify's hello: ${requestKinds[name].status}`,
        overHello(refusals, name),
        0.65,
        true,
        times
      )
    ),
    bar('Peak resident memory', gateway(peakRss), 180, false, value => `${value.toFixed(1)} MB`),
    bar(
      'Ready after start with 10,000 tenants',
      medianOf(readyMs),
      800,
      false,
      value => `${value.toFixed(0)} ms`
    )
  ]
}
