import type { Static } from '@sinclair/typebox'
import { connectionFaults } from './connection-faults.ts'
import { contentFaults } from './content-faults.ts'
import { failureShapeFaults } from './failure-shape-faults.ts'
import type { FaultKind } from './fault-kind.ts'

/** Everything that can be made to go wrong: name → behaviour. The control endpoint lists it. */
export const faults = {
  ...failureShapeFaults,
  ...connectionFaults,
  ...contentFaults
} as const satisfies Record<string, FaultKind>

export type FaultName = keyof typeof faults

/** One fault by name, with those of its options that differ from the defaults. */
export type FaultStep = {
  [Name in FaultName]: {
    readonly fault: Name
    readonly options?: Partial<Static<(typeof faults)[Name]['options']>>
  }
}[FaultName]

/** Whether there is a fault of this name. */
export function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(faults, name)
}
