import type { Contender } from '../contenders/contender.ts'
import type { Fact } from '../machine.ts'
import type { Bar } from './bars.ts'
import {
  addedP50,
  addedP99,
  cpuPerRequest,
  type Metric,
  peakRss,
  ratiosOf,
  type Samples,
  seriesOf,
  spread,
  throughput
} from './series.ts'

const metrics = [throughput, cpuPerRequest, addedP50, addedP99, peakRss]
const yardsticks = ['http-proxy', 'assembled', 'undici-proxy']

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

/** How far the figures can be trusted: who was busy on the server's core, how punctual the generator was. */
function conditionsTable(contenders: readonly Contender[], samples: Samples): string {
  const percent = (series: number[]): string =>
    spread(
      series.map(share => share * 100),
      0
    )
  const all = (name: string, of: Metric['of']): number[] =>
    seriesOf(samples, name, { title: '', digits: 0, of })
  const rows = contenders.map(({ name, title }) => [
    title,
    percent(all(name, sample => sample.ownShare)),
    percent(all(name, sample => sample.othersShare)),
    spread(
      all(name, sample => sample.p50Ms),
      3
    ),
    spread(
      all(name, sample => sample.p99Ms),
      3
    ),
    spread(
      all(name, sample => sample.generatorLatenessP99Ms),
      3
    )
  ])
  const head = [
    '',
    'own use of the core at full load, %',
    "others' use of it, %",
    'p50, ms',
    'p99, ms',
    'generator late, p99, ms'
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
  readonly bars: readonly Bar[]
  readonly facts: readonly Fact[]
  /** How the run was made, in one sentence. */
  readonly method: string
  /** One line for everything that was left out or went wrong. */
  readonly remarks: readonly string[]
}

/** The whole report as Markdown. */
export function reportText({ contenders, samples, bars, facts, method, remarks }: ReportInput): string {
  return [
    method,
    ...(remarks.length === 0 ? [] : [remarks.map(remark => `- ${remark}`).join('\n')]),
    barTable(bars),
    ...metrics.map(metric => metricTable(metric, contenders, samples)),
    conditionsTable(contenders, samples),
    factTable(facts)
  ].join('\n\n')
}
