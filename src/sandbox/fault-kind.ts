import type { Static, TObject } from '@sinclair/typebox'
import type { ReceivedRequest } from './request-reader.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { WirePlan } from './wire-plan.ts'

/** What a fault may look at when it is applied to one request. */
export type FaultSituation = {
  readonly request: ReceivedRequest
  readonly nowMs: number
  readonly random: SeededRandom
  nextRequestId(): string
}

/**
 * When a fault strikes: as the connection is accepted, at the first bytes of a request, or instead of or upon
 * the answer. Before the answer nothing is known of the request, so only the last can be kept to one connector.
 */
export type FaultStage = 'connect' | 'first-bytes' | 'answer'

/** One row of the fault table. */
export type FaultKind<Options extends TObject = TObject> = {
  readonly summary: string
  readonly stage: FaultStage
  /** True when the content service never gets the request: no run is queued and its answer is not made. */
  readonly replacesService: boolean
  /** What may be set, with defaults, so that `{}` is always valid. */
  readonly options: Options
  /** The members of the plan that differ. Not asked in the two early stages, which end the connection. */
  alter(plan: WirePlan, options: Static<Options>, situation: FaultSituation): Partial<WirePlan>
}

/** Ties a row's options to the type its `alter` gets. */
export function faultKind<Options extends TObject>(kind: FaultKind<Options>): FaultKind<Options> {
  return kind
}
