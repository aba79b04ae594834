import { type TSchema, Type } from '@sinclair/typebox'
import { Ajv, type ValidateFunction } from 'ajv'
import { type Destination, type Operation, operations } from './content-service.ts'
import type { FaultKind, FaultSituation, FaultStage } from './fault-kind.ts'
import { type FaultName, type FaultStep, faults, isFaultName } from './faults.ts'
import { type SeededRandom, seededRandom } from './seeded-random.ts'
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

/** A rule and what has become of it. */
export type FaultRuleState = {
  readonly id: number
  readonly rule: FaultRule
  /** Null when it never runs out. */
  readonly remaining: number | null
  readonly hits: number
}

/** Input that is no valid fault rule. The message is for whoever wrote it. */
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
type ActiveRule = {
  readonly id: number
  readonly rule: FaultRule
  readonly stage: FaultStage
  readonly random: SeededRandom
  readonly chosen: ChosenFaults
  remaining: number
  hits: number
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

/** The rules in force, in the order in which they were added. The first that matches a request strikes it. */
export class FaultRules {
  readonly #seed: number
  #rules: ActiveRule[] = []
  #lastId = 0

  constructor(seed: number) {
    this.#seed = seed
  }

  /** Adds behind those in force: none of them if one is invalid. Answers their ids. Throws FaultRuleError. */
  add(...rules: readonly FaultRule[]): number[] {
    const activated = rules.map((rule, index) => this.#activate(this.#lastId + index + 1, rule))
    this.#lastId += activated.length
    this.#rules = [...this.#rules, ...activated]
    return activated.map(({ id }) => id)
  }

  /** Replaces all rules in force. Throws FaultRuleError and leaves them when one is invalid. */
  set(...rules: readonly FaultRule[]): number[] {
    const before = this.#rules
    this.#rules = []
    try {
      return this.add(...rules)
    } catch (error) {
      this.#rules = before
      throw error
    }
  }

  clear(): void {
    this.#rules = []
  }

  /** Whether there was such a rule in force. */
  remove(id: number): boolean {
    const before = this.#rules.length
    this.#rules = this.#rules.filter(rule => rule.id !== id)
    return this.#rules.length < before
  }

  /** The rules in force. One that has run out is gone. */
  list(): FaultRuleState[] {
    return this.#rules.map(({ id, rule, remaining, hits }) => ({
      id,
      rule,
      remaining: Number.isFinite(remaining) ? remaining : null,
      hits
    }))
  }

  /** Picks the faults for what happens now and counts them down. Null when nothing is to go wrong. */
  choose(stage: FaultStage, destination?: Destination): ChosenFaults | null {
    // The hot path of a sandbox without faults.
    if (this.#rules.length === 0) return null
    const rule = this.#rules.find(candidate => strikes(candidate, stage, destination))
    if (rule === undefined) return null
    rule.hits += 1
    rule.remaining -= 1
    if (rule.remaining === 0) this.remove(rule.id)
    return rule.chosen
  }

  #activate(id: number, rule: FaultRule): ActiveRule {
    if (!checkRule(rule)) throw new FaultRuleError('invalid_fault', ajv.errorsText(checkRule.errors))
    const { fault, options, also = [] } = rule
    const steps = [{ fault, options }, ...also].map(activateStep)
    const stage = steps[0]?.kind.stage ?? 'answer'
    const narrowed = also.length > 0 || rule.connector_id !== undefined || rule.operation !== undefined
    if (steps.some(step => step.kind.stage !== stage) || (stage !== 'answer' && narrowed)) {
      throw new FaultRuleError(
        'invalid_fault',
        `${fault} strikes before a request is read: it takes no filter`
      )
    }
    const endless = rule.probability === undefined ? 1 : Number.POSITIVE_INFINITY
    return {
      id,
      rule,
      stage,
      random: seededRandom(this.#seed, `fault-${id}`),
      chosen: chosenFaults(steps),
      remaining: rule.times ?? endless,
      hits: 0
    }
  }
}

function strikes(candidate: ActiveRule, stage: FaultStage, destination?: Destination): boolean {
  const { connector_id, operation, probability } = candidate.rule
  if (candidate.stage !== stage) return false
  if (connector_id !== undefined && connector_id.toLowerCase() !== destination?.connectorId) return false
  if (operation !== undefined && operation !== destination?.operation) return false
  return probability === undefined || candidate.random.next() < probability
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
