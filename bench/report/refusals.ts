import type { RequestName } from '../fixture.ts'
import { medianOf, spread } from './series.ts'
import { table } from './tables.ts'

/** One kind of answer in one round, at full load. */
export interface RefusalSample {
  readonly requestsPerSecond: number
  readonly cpuMicrosPerRequest: number
}

/** What each kind of answer showed, round by round: the gateway's refusals, and `hello` beside them. */
export type Refusals = ReadonlyMap<RequestName, readonly RefusalSample[]>

const titles: Partial<Record<RequestName, string>> = {
  hello: "Fastify's hello",
  credentialsInvalid: '401, an unknown key',
  rateLimited: '429, a tenant over its limit',
  connectorNotFound: '404, a connector without a grant',
  requestInvalid: '400, a day that is not in the calendar'
}

/** How many of these answers a core gives for each hello, the median of all rounds; NaN where there is none. */
export function overHello(refusals: Refusals, name: RequestName): number {
  return medianOf(ratios(refusals, name))
}

function ratios(refusals: Refusals, name: RequestName): number[] {
  const hello = refusals.get('hello') ?? []
  return (refusals.get(name) ?? []).map(
    ({ requestsPerSecond }, round) => requestsPerSecond / (hello[round]?.requestsPerSecond ?? Number.NaN)
  )
}

/** The cost of a refusal beside the least that Fastify answers. */
export function refusalTable(refusals: Refusals): string {
  const rows = [...refusals].map(([name, samples]) => [
    titles[name] ?? name,
    spread(
      samples.map(sample => sample.requestsPerSecond),
      0
    ),
    spread(
      samples.map(sample => sample.cpuMicrosPerRequest),
      1
    ),
    name === 'hello' ? '1' : spread(ratios(refusals, name), 2)
  ])
  return `### Refusals\n\n${table(['', 'requests/s', 'CPU, µs', '× hello'], rows)}`
}
