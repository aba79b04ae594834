import type { Contender } from '../contenders/contender.ts'
import type { Fact } from '../machine.ts'
import type { Sample } from '../round.ts'
import type { Bar } from './bars.ts'
import { type Refusals, refusalTable } from './refusals.ts'
import {
  addedLatency,
  cpuPerRequest,
  type Metric,
  peakRss,
  ratiosOf,
  type Samples,
  seriesOf,
  spread,
  steadyCpu,
  throughput
} from './series.ts'

const yardsticks = ['floor', 'http-proxy', 'assembled', 'undici-proxy']

/** One table each. */
function metricsAt(rates: readonly number[]): Metric[] {
  return [
    throughput,
    cpuPerRequest,
    ...rates.map(steadyCpu),
    ...rates.map(rate => addedLatency('p50Ms', rate)),
    ...rates.map(rate => addedLatency('p99Ms', rate)),
    peakRss
  ]
}

/** A table in Markdown: names to the left, figures to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'))
  return [line(head), line(rule), ...rows.map(line)].join('\n')
}

function metricTable(metric: Metric, contenders: readonly Contender[], samples: Samples): string {
  const present = yardsticks.filter(name => samples.has(name))
  const rows = contenders.map(({ name, title }) => [
    title,
    spread(seriesOf(samples, name, metric), metric.digits),
    ...present.map(other => (other === name ? '1' : spread(ratiosOf(samples, name, other, metric), 2)))
  ])
  return `### ${metric.title}\n\n${table(['', 'median (min–max)', ...present.map(name => `× ${name}`)], rows)}`
}

/** Where the CPU of a request went: garbage and compilation on V8's helpers, the store on a thread of its own. */
function threadTable(contenders: readonly Contender[], samples: Samples): string {
  const groups = (name: string): string[] => [
    ...new Set((samples.get(name) ?? []).flatMap(sample => Object.keys(sample?.threadMicrosPerRequest ?? {})))
  ]
  const rows = contenders.flatMap(({ name, title }) =>
    groups(name).map(group => {
      const of = (sample: Sample): number => sample.threadMicrosPerRequest[group] ?? 0
      return [title, group, spread(seriesOf(samples, name, { title: '', digits: 1, of }), 1)]
    })
  )
  return `### CPU by thread, µs/request\n\n${table(['', 'thread', 'median (min–max)'], rows)}`
}

/** How far the figures can be trusted: who was busy on the server's core, how punctual the generator was. */
function conditionsTable(
  contenders: readonly Contender[],
  samples: Samples,
  rates: readonly number[]
): string {
  const shown = (name: string, digits: number, of: (sample: Sample) => number): string =>
    spread(seriesOf(samples, name, { title: '', digits, of }), digits)
  const rows = contenders.map(({ name, title }) => [
    title,
    shown(name, 0, sample => sample.ownShare * 100),
    shown(name, 0, sample => sample.othersShare * 100),
    ...rates.map(rate =>
      shown(name, 3, sample => sample.steady.get(rate)?.generatorLatenessP99Ms ?? Number.NaN)
    )
  ])
  const head = [
    '',
    'own use of the core at full load, %',
    "others' use of it, %",
    ...rates.map(rate => `generator late at ${rate}/s, p99, ms`)
  ]
  return `### Conditions\n\n${table(head, rows)}`
}

/** What must be reached, and whether it is. */
export function barTable(bars: readonly Bar[], title = 'Must reach'): string {
  const verdict = (isMet: boolean | null): string =>
    isMet === null ? 'not measured' : isMet ? 'pass' : 'short'
  const rows = bars.map(({ demand, limit, measured, isMet }) => [demand, limit, measured, verdict(isMet)])
  return `### ${title}\n\n${table(['', 'bar', 'measured', ''], rows)}`
}

/** What the figures were measured on. */
export function factTable(facts: readonly Fact[], title = 'Machine'): string {
  return `### ${title}\n\n${table(['', ''], facts)}`
}

export interface ReportInput {
  readonly contenders: readonly Contender[]
  readonly samples: Samples
  readonly refusals: Refusals
  /** Of the open loops. */
  readonly rates: readonly number[]
  readonly bars: readonly Bar[]
  readonly facts: readonly Fact[]
  /** How the run was made, in one sentence. */
  readonly method: string
  /** One line for everything that was left out or went wrong. */
  readonly remarks: readonly string[]
}

/** The whole report as Markdown. */
export function reportText(input: ReportInput): string {
  const { contenders, samples, refusals, rates, bars, facts, method, remarks } = input
  return [
    method,
    ...(remarks.length === 0 ? [] : [remarks.map(remark => `- ${remark}`).join('\n')]),
    barTable(bars),
    ...metricsAt(rates).map(metric => metricTable(metric, contenders, samples)),
    ...(refusals.size === 0 ? [] : [refusalTable(refusals)]),
    threadTable(contenders, samples),
    conditionsTable(contenders, samples, rates),
    factTable(facts)
  ].join('\n\n')
}
