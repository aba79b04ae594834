import { checkAnswer } from './answers.ts'
import {
  checkIntents,
  checkOutcomes,
  checkRecovery,
  checkResends,
  type Durability,
  storiesOf,
  witnesses
} from './calls.ts'
import { type Sink, scanForCanary } from './canary.ts'
import { checkChains, type KnownHead, readLedger } from './chain.ts'
import { type ClientAnswer, requestIdOf, type UpstreamRequest, type Violation } from './histories.ts'

/** The three histories of `guarantees.md`. */
export type Histories = {
  /** U: what the upstream received. */
  readonly upstream: readonly UpstreamRequest[]
  /** C: what clients saw. */
  readonly clients: readonly ClientAnswer[]
  /** A: the lines of `ledger export`, taken after the last process ended or recovered. */
  readonly ledger: readonly string[]
}

export type CheckOptions = {
  /** Heads of the ledger that were noted on the way. */
  readonly heads?: readonly KnownHead[]
  /** The upstream key, which must be nowhere but in U's x-api-key. */
  readonly canary?: string
  /** Further places to look for it in: logs, database files, metrics. */
  readonly sinks?: readonly Sink[]
  readonly durable?: readonly Durability[]
  /** Whether calls may be open: the ledger was exported while the gateway ran. */
  readonly running?: boolean
  /** Judges successes of routes other than sync and health. */
  isDocumented?(answer: ClientAnswer): boolean
}

/**
 * Checks I1–I4 and I6–I8 over what was seen from outside, and shares no code with what it checks.
 * Returns every violation; none is the good case.
 */
export function check({ upstream, clients, ledger }: Histories, options: CheckOptions = {}): Violation[] {
  const violations: Violation[] = []
  const entries = readLedger(ledger, violations)
  violations.push(...checkChains(ledger, options.heads ?? []))
  for (const request of upstream)
    if (requestIdOf(request) === undefined)
      violations.push({
        invariant: 'I1',
        detail: `the upstream received ${request.path} without a request id`
      })
  const durable = witnesses(options.durable ?? [])
  for (const story of storiesOf(upstream, clients, entries)) {
    violations.push(...checkIntents(story, durable), ...checkOutcomes(story), ...checkResends(story))
    if (!options.running) violations.push(...checkRecovery(story))
  }
  for (const answer of clients)
    violations.push(...checkAnswer(answer, seen => options.isDocumented?.(seen) ?? false))
  if (options.canary !== undefined)
    violations.push(
      ...scanForCanary(options.canary, sinksOf({ upstream, clients, ledger }, options.sinks ?? []))
    )
  return violations
}

function* sinksOf({ upstream, clients, ledger }: Histories, sinks: readonly Sink[]): Generator<Sink> {
  for (const request of upstream) {
    const headers = request.headers.filter(([name]) => name.toLowerCase() !== 'x-api-key')
    const content = JSON.stringify([request.method, request.path, headers, request.body])
    yield { name: `what the upstream received, beside x-api-key (${requestIdOf(request)})`, content }
  }
  for (const { headers, body, requestId } of clients)
    yield { name: `an answer (${requestId})`, content: `${JSON.stringify(headers)}\n${body}` }
  yield { name: 'the ledger', content: ledger.join('\n') }
  yield* sinks
}
