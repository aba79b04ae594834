import { credentialOperations } from './credentials.ts'
import { grantOperations } from './grants.ts'
import { keyOperations } from './keys.ts'
import { ledgerOperations } from './ledger.ts'
import { limitOperations } from './limits.ts'
import type { AdminOperation, InputOf, KindOf, OperationKind, ResultOf } from './operation.ts'
import { tenantOperations } from './tenants.ts'

/** All operations of administrators, by resource and by name. */
export const operationTable = {
  tenants: tenantOperations,
  keys: keyOperations,
  grants: grantOperations,
  credentials: credentialOperations,
  ledger: ledgerOperations,
  limits: limitOperations
} as const satisfies Record<string, Record<string, AdminOperation>>

type ByName = typeof tenantOperations &
  typeof keyOperations &
  typeof grantOperations &
  typeof credentialOperations &
  typeof ledgerOperations &
  typeof limitOperations

type NamesOf<Kind extends OperationKind> = {
  [N in keyof ByName]: KindOf<ByName[N]> extends Kind ? N : never
}[keyof ByName]

export type QueryName = NamesOf<'query'>
export type CommandName = NamesOf<'command'>
export type MemoryName = NamesOf<'memory'>

type OperationNamed<N extends keyof ByName> = Extract<ByName[N], AdminOperation>
export type Input<N extends keyof ByName> = InputOf<OperationNamed<N>>
export type Result<N extends keyof ByName> = ResultOf<OperationNamed<N>>

/** The functions that answer all operations of one kind, with what they work on. */
export type Functions<Kind extends OperationKind, Context> = {
  readonly [N in NamesOf<Kind>]: (context: Context, input: Input<N>) => Promise<Result<N>> | Result<N>
}
