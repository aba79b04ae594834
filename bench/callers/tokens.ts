import type { Cores } from '../cores.ts'
import { bar } from '../report/bars.ts'
import { spread } from '../report/series.ts'
import { table } from '../report/tables.ts'
import { median } from '../statistics.ts'
import { runAlone } from './alone.ts'
import type { Part, Size } from './part.ts'
import { algorithms } from './token-signer.ts'
import type { TokenFigures, Way } from './tokens-alone.ts'

const perSecond = 10_000
const tokens = 5_000
const columns: readonly (readonly [Way, string])[] = [
  ['together', 'distinct, 64 at a time'],
  ['alone', 'distinct, one by one'],
  ['jose', 'bare jwtVerify, 64 at a time'],
  ['crypto', 'bare crypto.verify'],
  ['repeated', 'repeated']
]

/** How many tokens one core verifies, by a key that is at hand. */
export async function measureTokens({ rounds }: Size, cores: Cores): Promise<Part> {
  const figures = await runAlone<TokenFigures>('tokens-alone', [tokens, rounds], cores)
  const bars = algorithms.map(algorithm =>
    bar(
      `Distinct tokens verified in a CPU second, ${algorithm}`,
      median(figures[algorithm].together),
      perSecond,
      true,
      rate => rate.toFixed(0)
    )
  )
  const rows = algorithms.map(algorithm => [
    algorithm,
    ...columns.map(([way]) => spread(figures[algorithm][way], 0))
  ])
  const head = ['', ...columns.map(([, title]) => title)]
  return { bars, text: `### Tokens verified in a CPU second\n\n${table(head, rows)}` }
}
