import type { Destination } from './content-service.ts'
import type { FaultStage } from './fault-kind.ts'
import { type ChosenFaults, checkFaultRule, type FaultRule } from './fault-rule.ts'
import { type SeededRandom, seededRandom } from './seeded-random.ts'

/** A rule, and how often it struck. */
export type FaultRuleState = {
  readonly id: number
  readonly rule: FaultRule
  /** Null when it never runs out. */
  readonly remaining: number | null
  readonly hits: number
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
    const checked = checkFaultRule(rule)
    const endless = rule.probability !== undefined
    return {
      ...checked,
      id,
      rule,
      random: seededRandom(this.#seed, `fault-${id}`),
      remaining: rule.times ?? (endless ? Number.POSITIVE_INFINITY : 1),
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
