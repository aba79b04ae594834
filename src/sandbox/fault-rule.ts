import { type TSchema, Type } from '@sinclair/typebox'
import { Ajv, type ValidateFunction } from 'ajv'
import { type Operation, operations } from './content-service.ts'
import type { FaultKind, FaultSituation, FaultStage } from './fault-kind.ts'
import { type FaultName, type FaultStep, faults, isFaultName } from './faults.ts'
import type { WirePlan } from './wire-plan.ts'

/** When which fault strikes. Without `times` and `probability` it is the next matching request only. */
export type FaultRule = FaultStep & {
  /** Further faults on the same answer, e.g. a delay before an error. */
  readonly also?: readonly FaultStep[]
  /** For how many matching requests; without end when only `probability` is given. */
  readonly times?: number
  /** From 0 to 1; drawn from a stream of its own, seeded by the sandbox's seed and the rule's id. */
  readonly probability?: number
  readonly connector_id?: string
  readonly operation?: Operation
}

/** Input that is no valid fault rule, with a message for its author. */
export class FaultRuleError extends Error {
  readonly code: 'unknown_fault' | 'invalid_fault'

  constructor(code: 'unknown_fault' | 'invalid_fault', message: string) {
    super(message)
    this.name = 'FaultRuleError'
    this.code = code
  }
}

/** The faults that strike one request. */
export type ChosenFaults = {
  readonly name: string
  readonly replacesService: boolean
  apply(plan: WirePlan, situation: FaultSituation): WirePlan
}

type ActiveStep = {
  readonly name: FaultName
  readonly kind: FaultKind
  readonly options: Record<string, unknown>
}
const stepShape = { fault: Type.String(), options: Type.Optional(Type.Object({})) }
const strict = { additionalProperties: false }
const ruleShape = Type.Object(
  {
    ...stepShape,
    also: Type.Optional(Type.Array(Type.Object(stepShape, strict))),
    times: Type.Optional(Type.Integer({ minimum: 1 })),
    probability: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
    connector_id: Type.Optional(Type.String({ minLength: 1 })),
    operation: Type.Optional(Type.Union(operations.map(name => Type.Literal(name))))
  },
  strict
)
const ajv = new Ajv({ useDefaults: true, allErrors: false })
const checkRule = ajv.compile(ruleShape)
// Compiled at first use: a sandbox without faults starts without compiling thirty schemas.
const optionChecks = new Map<FaultName, ValidateFunction>()

/** Checks a rule, fills in the defaults of its options and says when it strikes. Throws FaultRuleError. */
export function checkFaultRule(rule: FaultRule): { stage: FaultStage; chosen: ChosenFaults } {
  if (!checkRule(rule)) throw new FaultRuleError('invalid_fault', ajv.errorsText(checkRule.errors))
  const { fault, options, also = [] } = rule
  const steps = [{ fault, options }, ...also].map(activateStep)
  const stage = steps[0]?.kind.stage ?? 'answer'
  const narrowed = also.length > 0 || rule.connector_id !== undefined || rule.operation !== undefined
  if (steps.some(step => step.kind.stage !== stage) || (stage !== 'answer' && narrowed)) {
    throw new FaultRuleError(
      'invalid_fault',
      'a fault that strikes before the request is read takes no filter and goes with no other'
    )
  }
  return { stage, chosen: chosenFaults(steps) }
}

function chosenFaults(steps: readonly ActiveStep[]): ChosenFaults {
  return {
    name: steps.map(step => step.name).join('+'),
    replacesService: steps.some(step => step.kind.replacesService),
    apply(plan, situation) {
      let altered = plan
      for (const { kind, options } of steps) {
        altered = Object.assign({ ...altered }, kind.alter(altered, options, situation))
      }
      return altered
    }
  }
}

function activateStep({ fault, options }: { fault: string; options?: object | undefined }): ActiveStep {
  if (!isFaultName(fault)) {
    throw new FaultRuleError('unknown_fault', `no such fault; known are: ${Object.keys(faults).join(', ')}`)
  }
  const kind: FaultKind = faults[fault]
  const filled: Record<string, unknown> = { ...structuredClone(options) }
  const check = optionChecks.get(fault) ?? ajv.compile(kind.options as TSchema)
  optionChecks.set(fault, check)
  if (!check(filled)) {
    throw new FaultRuleError(
      'invalid_fault',
      `${fault}: ${ajv.errorsText(check.errors, { dataVar: 'options' })}`
    )
  }
  return { name: fault, kind, options: filled }
}
