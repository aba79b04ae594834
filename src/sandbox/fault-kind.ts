import { type Static, type TObject, type TProperties, Type } from '@sinclair/typebox'
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
export type FaultKind<Options extends TProperties = TProperties> = {
  readonly summary: string
  readonly stage: FaultStage
  /** True when the content service never gets the request: no run is queued and its answer is not made. */
  readonly replacesService: boolean
  /** What may be set, with defaults, so that `{}` is always valid. */
  readonly options: TObject<Options>
  /** The members of the plan that differ. Not called in the two early stages, which end the connection. */
  alter(plan: WirePlan, options: Static<TObject<Options>>, situation: FaultSituation): Partial<WirePlan>
}

/** Makes a row, by default of a fault that strikes the answer of the service and has no options. */
export function faultKind<Options extends TProperties = Record<never, never>>({
  options,
  ...kind
}: Pick<FaultKind<Options>, 'summary' | 'alter'> &
  Partial<Pick<FaultKind, 'stage' | 'replacesService'>> & {
    readonly options?: Options
  }): FaultKind<Options> {
  const schema = Type.Object(options ?? ({} as Options), { additionalProperties: false })
  return { stage: 'answer', replacesService: false, ...kind, options: schema }
}
