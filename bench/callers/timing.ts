import type { Cores } from '../cores.ts'
import type { Bar } from '../report/bars.ts'
import { table } from '../report/tables.ts'
import { runAlone } from './alone.ts'
import type { Part, Size } from './part.ts'
import type { TimingFigures } from './timing-alone.ts'

/** Customary: of two classes that do not differ, fewer than one in 100,000 come to more. */
const limitT = 4.5

/** Whether the time of a refusal tells one wrong key from another. */
export async function measureTiming({ tenants, samples }: Size, cores: Cores): Promise<Part> {
  const figures = await runAlone<TimingFigures>('timing-alone', [tenants, samples], cores)
  const bars: Bar[] = figures.map(({ name, worstT }) => ({
    demand: `Time of a refusal: ${name}`,
    limit: `t within ±${limitT}`,
    measured: `t = ${worstT.toFixed(2)}`,
    isMet: Math.abs(worstT) < limitT
  }))
  const rows = figures.map(({ name, t, worstT, meanNs: [one, other] }) => [
    name,
    t.toFixed(2),
    worstT.toFixed(2),
    one.toFixed(0),
    other.toFixed(0),
    (one - other).toFixed(1)
  ])
  const head = [
    '',
    't, all samples',
    't, the furthest of all cuts',
    'mean, ns',
    'mean of the other, ns',
    'ns between'
  ]
  const method =
    `${samples} samples of each class, mixed at random. Welch’s t of all samples, and of those below the 99th, 95th, 90th, ` +
    '75th and 50th percentile of both classes together; the one that is furthest from 0 counts. Means are of those below the 95th.'
  return { bars, text: `### Time of a refusal\n\n${method}\n\n${table(head, rows)}` }
}
