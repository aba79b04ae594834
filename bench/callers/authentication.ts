import type { Cores } from '../cores.ts'
import { type Bar, bar } from '../report/bars.ts'
import { spread } from '../report/series.ts'
import { table } from '../report/tables.ts'
import { median } from '../statistics.ts'
import { runAlone } from './alone.ts'
import type { AuthenticationFigures } from './authentication-alone.ts'
import type { Part, Size } from './part.ts'

const limitMicros = 5

/** What it costs to find out whose key it is, among few and among many. */
export async function measureAuthentication({ tenants, rounds }: Size, cores: Cores): Promise<Part> {
  const figures = await runAlone<AuthenticationFigures>('authentication-alone', [tenants, rounds], cores)
  const bars: Bar[] = (['repeated', 'first'] as const).map(use =>
    bar(
      `CPU of authenticating a key, ${titles[use]}`,
      median(figures.large[use].cpuMicros),
      limitMicros,
      false,
      micros => `${micros.toFixed(2)} µs`
    )
  )
  const rows = (['repeated', 'first'] as const).flatMap(use =>
    (['large', 'ten'] as const).map(size => [
      `${titles[use]}, ${size === 'large' ? `${tenants} tenants` : 'ten tenants'}`,
      spread(figures[size][use].cpuMicros, 2),
      spread(figures[size][use].wallMicros, 2)
    ])
  )
  const text = `### Authenticating a key, µs per call\n\n${table(['', 'CPU (min–max)', 'wall (min–max)'], rows)}`
  return { bars, text }
}

const titles = { first: 'its first use', repeated: 'used before' } as const
